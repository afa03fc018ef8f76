using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OtelLite.Bench.Ingest;

/// <summary>
/// The other limit: Kestrel, on the slim host and with the runtime's settings that the program has, reads each body to its end, forgets it and says yes. What a record costs here is .NET's and the
/// kernel's, and nothing that is done with it. It is this program once more, in a process of its own, compiled while it runs, and without a disk to wait for.
/// </summary>
internal static class BareReceiver
{
    /// <summary>The word by which this program is started as one.</summary>
    public const string Word = "discard";

    public static string[] Command(int port)
    {
        string program = Environment.ProcessPath!;
        string[] words = [Word, port.ToString(CultureInfo.InvariantCulture)];
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, typeof(BareReceiver).Assembly.Location, .. words] : [program, .. words];
    }

    /// <summary>Receives until it is told to stop.</summary>
    public static async Task<int> Run(string port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.Run(Discard);
        await app.RunAsync();
        return 0;
    }

    private static async Task Discard(HttpContext context)
    {
        await context.Request.BodyReader.CopyToAsync(Stream.Null);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 2;
        await context.Response.Body.WriteAsync("{}"u8.ToArray());
    }
}
