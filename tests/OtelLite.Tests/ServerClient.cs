using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace OtelLite.Tests;

/// <summary>A client of a running OtelLite, and a look into its file: the same for the program in the test's process and for the published one.</summary>
internal abstract class ServerClient
{
    public const string TestToken = "test-token";

    private readonly List<HttpClient> _before = [];

    protected ServerClient(string? dataDir)
    {
        DataDir = dataDir ?? Directory.CreateTempSubdirectory("otellite-").FullName;
        Http = NewHttpClient();
    }

    public string DataDir { get; }

    public abstract string Url { get; }

    public HttpClient Http { get; private set; }

    public async Task<HttpResponseMessage> Post(RecordedBody body)
    {
        using var content = new ByteArrayContent(body.Bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(body.ContentType);
        if (body.Gzip)
        {
            content.Headers.ContentEncoding.Add("gzip");
        }

        return await Http.PostAsync(new Uri(Url + body.Path), content);
    }

    public async Task<HttpResponseMessage> Post(string path, string json) =>
        await Http.PostAsync(new Uri(Url + path), new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    /// <summary>Sends bodies as a client does, one after the other, and insists on 200.</summary>
    public async Task Replay(IEnumerable<RecordedBody> bodies)
    {
        foreach (RecordedBody body in bodies)
        {
            using HttpResponseMessage answer = await Post(body);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{body.Name}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    public async Task<JsonNode> Get(string path)
    {
        using HttpResponseMessage answer = await Http.GetAsync(new Uri(Url + path));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>All rows of a query, a line each, as any other program would read them.</summary>
    public string Rows(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(DataDir, "otellite.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader row = command.ExecuteReader();
        var lines = new System.Text.StringBuilder();
        while (row.Read())
        {
            lines.AppendJoin(" | ", Enumerable.Range(0, row.FieldCount).Select(i => row.IsDBNull(i) ? "NULL" : Convert.ToString(row.GetValue(i), System.Globalization.CultureInfo.InvariantCulture))).Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>One value from the file, read as any other program would.</summary>
    public object? Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(DataDir, "otellite.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        OtelLite.Storage.Uncounted.WaitFor(connection);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        object? value = command.ExecuteScalar();
        return value is DBNull ? null : value;
    }

    /// <summary>Drops the connections, as a client that was restarted.</summary>
    protected void Disconnect()
    {
        // An answer that is not yet read to its end is still read.
        _before.Add(Http);
        Http = NewHttpClient();
    }

    /// <summary>Leaves nothing behind, unless OTELLITE_KEEP=1 asks for the folder.</summary>
    protected void DeleteDataDir()
    {
        _before.ForEach(h => h.Dispose());
        Http.Dispose();
        if (Environment.GetEnvironmentVariable("OTELLITE_KEEP") != "1")
        {
            Directory.Delete(DataDir, recursive: true);
        }
    }

    private static HttpClient NewHttpClient()
    {
        var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestToken);
        return http;
    }
}
