using System.Globalization;
using System.Text.Json.Nodes;

namespace OtelLite.Tests;

/// <summary>Holds a database and the API's answers against the sums of a recording; for the program in the test's process and for the published one.</summary>
internal static class ExpectedSums
{
    private const double CentsOfAMicro = 1e-8;

    public static void AssertTables(Func<string, object?> sql, ExpectedTotals expected)
    {
        string session = expected.SessionId.Length > 0 ? $"session_id = '{expected.SessionId}'" : "session_id IS NULL";
        double Metric(string name, string condition = "1") => Number(sql(
            $"SELECT sum(value) FROM otel_metrics WHERE {session} AND metric_name = 'claude_code.{name}' AND {condition}"));
        double Event(string column, string name) => Number(sql($"SELECT {column} FROM otel_events WHERE {session} AND event_name = '{name}'"));
        void Same(string column, double actual) => Assert.True(
            Math.Abs(expected[column] - actual) < CentsOfAMicro, $"{expected}: {column} is {actual}, expected {expected[column]}");

        Same("metric:session.count", Metric("session.count"));
        foreach (string type in (string[])["input", "output", "cacheRead", "cacheCreation"])
        {
            Same($"metric:tok.{type}", Metric("token.usage", $"attributes ->> 'type' = '{type}'"));
        }

        Same("metric:cost.usage", Metric("cost.usage"));
        Same("metric:lines.added", Metric("lines_of_code.count", "attributes ->> 'type' = 'added'"));
        Same("metric:lines.removed", Metric("lines_of_code.count", "attributes ->> 'type' = 'removed'"));
        Same("metric:commit.count", Metric("commit.count"));
        Same("metric:pull_request.count", Metric("pull_request.count"));
        Same("metric:edit.accept", Metric("code_edit_tool.decision", "attributes ->> 'decision' = 'accept'"));
        Same("metric:edit.reject", Metric("code_edit_tool.decision", "attributes ->> 'decision' = 'reject'"));
        Same("metric:active.cli", Metric("active_time.total", "attributes ->> 'type' = 'cli'"));
        Same("metric:active.user", Metric("active_time.total", "attributes ->> 'type' = 'user'"));
        foreach (string name in (string[])["user_prompt", "api_request", "tool_result", "tool_decision", "api_error"])
        {
            Same($"log:count {name}", Event("count(*)", name));
        }

        foreach (string column in (string[])["input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens", "cost_usd"])
        {
            Same($"log:{column}", Event($"sum(attributes ->> '{column}')", "api_request"));
        }

        Same("log:count all", Number(sql($"SELECT count(*) FROM otel_events WHERE {session}")));
    }

    public static void AssertSummary(JsonNode summary, ExpectedTotals expected)
    {
        void Same(string column, string path)
        {
            JsonNode node = path.Split('.').Aggregate(summary, (n, name) => n[name]!);
            Assert.True(Math.Abs(expected[column] - (double)node) < CentsOfAMicro, $"{expected}: {path} is {node}, expected {expected[column]}");
        }

        AssertTokensAndCost(summary, expected);
        Same("log:count api_request", "apiRequests");
        Same("log:count api_error", "apiErrors");
        Same("log:count user_prompt", "prompts");
        Same("metric:lines.added", "linesOfCode.added");
        Same("metric:lines.removed", "linesOfCode.removed");
        Same("metric:commit.count", "commits");
        Same("metric:pull_request.count", "pullRequests");
        Same("metric:edit.accept", "editDecisions.accept");
        Same("metric:edit.reject", "editDecisions.reject");
        Same("metric:active.cli", "activeSeconds.cli");
        Same("metric:active.user", "activeSeconds.user");
        Assert.Equal(expected["log:count tool_result"], summary["tools"]!.AsArray().Sum(t => (double)t!["calls"]!));
        Assert.Equal(expected["log:count api_request"], summary["models"]!.AsArray().Sum(m => (double)m!["apiRequests"]!));
    }

    public static void AssertTokensAndCost(JsonNode summary, ExpectedTotals expected)
    {
        foreach (string kind in (string[])["input", "output", "cacheRead", "cacheCreation"])
        {
            Assert.True(expected[$"metric:tok.{kind}"] == (double)summary["tokens"]![kind]!, $"{expected}: tokens.{kind} is {summary["tokens"]![kind]}");
        }

        Assert.True(Math.Abs(expected["metric:cost.usage"] - (double)summary["costUsd"]!) < CentsOfAMicro, $"{expected}: costUsd is {summary["costUsd"]}");
    }

    private static double Number(object? value) => value is null ? 0 : Convert.ToDouble(value, CultureInfo.InvariantCulture);
}
