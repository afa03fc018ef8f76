using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace OtelLite.Tests;

/// <summary>The real program on a free port, with a real file in a folder of its own. OTELLITE_KEEP=1 leaves the folder behind.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    public const string TestToken = "test-token";

    private App? _app;

    private RunningServer(string dataDir) => DataDir = dataDir;

    public string DataDir { get; }

    public string Url => _app!.Urls[0];

    public HttpClient Http { get; private set; } = null!;

    public List<string> Said { get; } = [];

    public static async Task<RunningServer> Start(string? dataDir = null, params string[] arguments)
    {
        var server = new RunningServer(dataDir ?? Directory.CreateTempSubdirectory("otellite-").FullName);
        await server.StartApp(arguments);
        return server;
    }

    /// <summary>Stops and starts again on the same file.</summary>
    public async Task Restart()
    {
        await Stop();
        await StartApp([]);
    }

    public async Task<HttpResponseMessage> Post(RecordedBody body)
    {
        using var content = new ByteArrayContent(body.Bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
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

    /// <summary>One value from the file, read as any other program would.</summary>
    public object? Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(DataDir, "otellite.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        object? value = command.ExecuteScalar();
        return value is DBNull ? null : value;
    }

    public async Task Stop()
    {
        Http.Dispose();
        await _app!.DisposeAsync();
        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await Stop();
        }

        if (Environment.GetEnvironmentVariable("OTELLITE_KEEP") != "1")
        {
            Directory.Delete(DataDir, recursive: true);
        }
    }

    private async Task StartApp(string[] arguments)
    {
        Options options = Options.Read(
            ["--data-dir", DataDir, "--urls", "http://127.0.0.1:0", "--otlp-http-port", "0", "--token", TestToken, .. arguments], _ => null);
        _app = await App.Start(options, Said.Add);
        Http = new HttpClient();
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestToken);
    }
}
