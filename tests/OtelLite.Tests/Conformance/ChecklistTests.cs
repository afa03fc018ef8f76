using System.Reflection;
using System.Text.RegularExpressions;

namespace OtelLite.Tests.Conformance;

/// <summary>The OTLP specification was taken apart into numbered rows; each has at least one test that begins with its number.</summary>
public sealed partial class ChecklistTests
{
    // Sections: HTTP requests, responses, failures, limits, JSON, protobuf, gRPC, metrics, logs, traces, connection, decisions, traps of .NET.
    private static readonly (string Section, int Rows)[] Sections =
    [
        ("H", 25), ("R", 15), ("F", 13), ("M", 6), ("J", 27), ("B", 12), ("G1", 18), ("G", 26), ("L", 12), ("T", 7), ("X", 10), ("D", 10), ("N", 12),
    ];

    [Fact]
    public void Every_row_has_a_test_that_bears_its_number()
    {
        HashSet<string> tested =
        [
            .. typeof(ChecklistTests).Assembly.GetTypes().SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance))
                .Where(m => m.GetCustomAttribute<FactAttribute>() is not null)
                .Select(m => Row().Match(m.Name)).Where(m => m.Success).Select(m => $"{m.Groups[1].Value}-{int.Parse(m.Groups[2].ValueSpan, null)}"),
        ];
        string[] rows = [.. Sections.SelectMany(s => Enumerable.Range(1, s.Rows).Select(i => $"{s.Section}-{i}"))];
        Assert.Empty(rows.Except(tested));
        Assert.Empty(tested.Except(rows));
    }

    [GeneratedRegex(@"^([A-Z]1?)_(\d{2})_")]
    private static partial Regex Row();
}
