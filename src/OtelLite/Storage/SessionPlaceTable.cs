using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>Keeps what is told of where sessions are at work, and in step with it what stands in the sessions themselves.</summary>
internal sealed class SessionPlaceTable : IDisposable
{
    private static readonly string[] Columns = ["folder", "repository", "branch", "pull_request", "session_name"];

    /// <summary>What is told, in order, of which the first two are whose it is and when it was told.</summary>
    public static readonly string Told = string.Join(", ", ["session_id", "told_unix_nano", .. Columns]);

    /// <summary>What becomes of what is there already. What is told late (a transcript is read long after) fills what is missing.</summary>
    public static readonly string OnConflict = $"ON CONFLICT (session_id) DO UPDATE SET {string.Concat(Columns.Select(c =>
        $"{c} = iif(excluded.told_unix_nano >= told_unix_nano, coalesce(excluded.{c}, {c}), coalesce({c}, excluded.{c})), "))}told_unix_nano = max(excluded.told_unix_nano, told_unix_nano)";

    /// <summary>Of all that was told, in whatever order: the repository's name, or else the folder's.</summary>
    public static readonly string SetProject = $"UPDATE session_place SET project = coalesce({LastPart("repository")}, {LastPart("folder")})";

    private readonly Statement _tell;
    private readonly Statement _name;
    private readonly Statement _show;

    public SessionPlaceTable(SqliteConnection connection)
    {
        _tell = new Statement(connection, $"INSERT INTO session_place ({Told}) VALUES (?, ?{string.Concat(Columns.Select(_ => ", ?"))}) {OnConflict}");
        _name = new Statement(connection, $"{SetProject} WHERE session_id = ?");
        _show = new Statement(connection, """
            UPDATE usage_session SET (folder, repository, branch, pull_request, session_name) = (
                    SELECT folder, repository, branch, pull_request, session_name FROM session_place WHERE session_place.session_id = ?1),
                project = iif(project_unix_nano = 0, (SELECT project FROM session_place WHERE session_place.session_id = ?1), project)
            WHERE session_id = ?1
            """);
    }

    public void Write(SessionPlace place)
    {
        _tell.Begin().Bind(place.SessionId).Bind(place.ToldUnixNano)
            .Bind(place.Folder).Bind(place.Repository).Bind(place.Branch).Bind(place.PullRequest).Bind(place.Name).Run();
        _name.Begin().Bind(place.SessionId).Run();
        _show.Begin().Bind(place.SessionId).Run();
    }

    public void Dispose()
    {
        _tell.Dispose();
        _name.Dispose();
        _show.Dispose();
    }

    // Of a path with either kind of slashes: what is left when all up to the last one is taken away.
    private static string LastPart(string column)
    {
        string path = $"rtrim(replace({column}, '\\', '/'), '/')";
        return $"nullif(replace({path}, rtrim({path}, replace({path}, '/', '')), ''), '')";
    }
}
