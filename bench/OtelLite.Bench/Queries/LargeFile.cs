using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using OtelLite.Storage;
using OtelLite.Tests;

namespace OtelLite.Bench.Queries;

/// <summary>A data folder with so much in it, made by the decoder and the writer as what is received is, and kept in <c>artifacts</c> for the day: its newest session has just ended.</summary>
internal static class LargeFile
{
    private const int FormatVersion = 2;
    private const string MadeFile = "made";

    // Records of a session of the set: ten events, and five points of nearly all of them.
    private const int RecordsPerSession = LargeSet.EventsPerSession + 5;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(12);

    /// <returns>The folder, and when its last session ended.</returns>
    public static async Task<(string Folder, DateTimeOffset End)> OfRecords(int records, int days = 90) => await Of(records / RecordsPerSession, days);

    /// <inheritdoc cref="OfRecords"/>
    public static async Task<(string Folder, DateTimeOffset End)> Of(int sessions, int days)
    {
        string folder = Path.Combine(Repository.Root, "artifacts", string.Create(CultureInfo.InvariantCulture, $"large-{sessions}-{days}-{Database.SchemaVersion}-{FormatVersion}"));
        string made = Path.Combine(folder, MadeFile);
        if (!File.Exists(made) || DateTime.UtcNow - File.GetLastWriteTimeUtc(made) > Kept)
        {
            await Make(folder, sessions, days);
        }

        // All of it has just arrived and counts as active sessions, which nobody has so many of: the summary took 48 ms then, and 2 later.
        TimeSpan active = File.GetLastWriteTimeUtc(made) + Limits.ActiveSession - DateTime.UtcNow;
        if (active > TimeSpan.Zero)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"waiting {active.TotalSeconds:0} s, until its sessions are no longer active"));
            await Task.Delay(active);
        }

        return (folder, DateTimeOffset.FromUnixTimeSeconds(long.Parse(await File.ReadAllTextAsync(made), CultureInfo.InvariantCulture)));
    }

    private static async Task Make(string folder, int sessions, int days)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        DateTimeOffset end = DateTimeOffset.UtcNow;
        var clock = Stopwatch.StartNew();
        SqliteConnection connection = Database.OpenWriter(folder, Durability.Normal);
        Database.Execute(connection, "PRAGMA cache_size = -400000");
        using (var writer = new BatchWriter(connection, new IngestQueue(), _ => { }, Console.Error.WriteLine))
        {
            await LargeSet.Fill(writer, sessions, end, days);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, MadeFile), end.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        double bytes = new FileInfo(Path.Combine(folder, Database.FileName)).Length;
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{sessions} sessions, {sessions * RecordsPerSession} records, {bytes / 1e6:0} MB, made in {clock.Elapsed.TotalSeconds:0} s"));
    }
}
