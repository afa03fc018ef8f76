using Microsoft.Data.Sqlite;
using OtelLite.Telemetry;

namespace OtelLite.Storage;

/// <summary>Keeps what is told of where sessions are at work, and in step with it what stands in the sessions themselves.</summary>
internal sealed class SessionPlaceTable : IDisposable
{
    private static readonly string[] Columns = ["folder", "project", "repository", "branch", "pull_request", "session_name", "limits"];

    private readonly Statement _limits;
    private readonly Statement _tell;
    private readonly Statement _show;

    public SessionPlaceTable(SqliteConnection connection)
    {
        _limits = new Statement(connection, "SELECT 1 FROM session_place WHERE session_id = ? AND limits = ?");
        // What is told late (a transcript is read long after) fills what is missing.
        string newest = string.Join(", ", Columns.Select(c =>
            $"{c} = iif(excluded.told_unix_nano >= told_unix_nano, coalesce(excluded.{c}, {c}), coalesce({c}, excluded.{c}))"));
        _tell = new Statement(connection, $"""
            INSERT INTO session_place (session_id, told_unix_nano, {string.Join(", ", Columns)}) VALUES (?, ?{string.Concat(Columns.Select(_ => ", ?"))})
            ON CONFLICT (session_id) DO UPDATE SET {newest}, told_unix_nano = max(excluded.told_unix_nano, told_unix_nano)
            """);
        _show = new Statement(connection, """
            UPDATE usage_session SET (folder, repository, branch, pull_request, session_name) = (
                    SELECT folder, repository, branch, pull_request, session_name FROM session_place WHERE session_place.session_id = ?1),
                project = iif(project_unix_nano = 0, (SELECT project FROM session_place WHERE session_place.session_id = ?1), project)
            WHERE session_id = ?1
            """);
    }

    /// <summary>Stores what is told. True when its limits are news of this session.</summary>
    public bool Write(SessionPlace place)
    {
        bool isNews = place.Limits is { } limits && Bind(Bind(_limits.Begin(), place.SessionId), limits).Scalar() is null;
        Statement tell = Bind(_tell.Begin(), place.SessionId).Bind(place.ToldUnixNano);
        foreach (string? value in (string?[])[place.Folder, place.Project, place.Repository, place.Branch, place.PullRequest, place.Name, place.Limits])
        {
            Bind(tell, value);
        }

        tell.Run();
        Bind(_show.Begin(), place.SessionId).Run();
        return isNews;
    }

    public void Dispose()
    {
        _limits.Dispose();
        _tell.Dispose();
        _show.Dispose();
    }

    private static Statement Bind(Statement statement, string? text) =>
        text is null ? statement.BindNull() : statement.Bind(System.Text.Encoding.UTF8.GetBytes(text));
}
