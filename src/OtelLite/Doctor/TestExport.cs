using System.Net;
using System.Net.Sockets;
using System.Text;
using OtelLite.Status;

namespace OtelLite.Doctor;

/// <summary>What became of an export.</summary>
internal enum ExportOutcome
{
    Taken,
    Unauthorized,
    Refused,

    /// <summary>Something answered, and not in this protocol.</summary>
    OtherProtocol,
    NoAnswer,
}

/// <summary>How a test export ended.</summary>
/// <param name="why">Within a sentence; empty for what was taken.</param>
internal sealed class ExportAnswer(ExportOutcome outcome, string why)
{
    public ExportOutcome Outcome => outcome;

    public string Why => why;
}

/// <summary>
/// Sends one export as the client would: its endpoint, its protocol, its headers. It holds no record, so that it is no usage and makes no signal look as
/// if it had come; the server counts it, and knows it again by the mark in its User-Agent.
/// </summary>
internal static class TestExport
{
    /// <summary>Sends it and waits for the answer, within <see cref="Limits.TestExportTimeout"/>.</summary>
    /// <param name="mark">Random, for this export alone.</param>
    public static ExportAnswer Send(Route route, string mark) => Send(route, mark, Limits.TestExportTimeout);

    /// <summary>With another patience, for a test of it.</summary>
    public static ExportAnswer Send(Route route, string mark, TimeSpan timeout)
    {
        using var patience = new CancellationTokenSource(timeout);
        Uri url = route.Url!;
        IPAddress[] addresses;
        try
        {
            addresses = url.Host == "localhost" ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
                : IPAddress.TryParse(url.IdnHost, out IPAddress? address) ? [address]
                : NamedBy(url.IdnHost, timeout);
        }
        catch (AggregateException)
        {
            return new(ExportOutcome.NoAnswer, $"the name {url.Host} is not found");
        }

        ExportAnswer answer = new(ExportOutcome.NoAnswer, $"the name {url.Host} is not found");
        foreach (IPAddress address in addresses)
        {
            answer = Send(route, mark, address, patience.Token);
            if (answer.Outcome != ExportOutcome.NoAnswer)
            {
                break;
            }
        }

        return answer;
    }

    // The system's own look-up waits for as long as it likes.
    private static IPAddress[] NamedBy(string host, TimeSpan timeout)
    {
        Task<IPAddress[]> look = Task.Run(() => Dns.GetHostAddresses(host));
        return look.Wait(timeout) ? look.Result : [];
    }

    private static ExportAnswer Send(Route route, string mark, IPAddress address, CancellationToken patience)
    {
        using Socket? socket = PendingAnswer.SocketFor(address.AddressFamily);
        if (socket is null)
        {
            return new(ExportOutcome.NoAnswer, $"{route.Url!.Host}, port {route.Url.Port}: this machine can't reach an address such as {address}");
        }

        using CancellationTokenRegistration _ = patience.Register(socket.Dispose);
        try
        {
            socket.Connect(address, route.Url!.Port);
            using var stream = new NetworkStream(socket);
            stream.Write(route.IsGrpc ? GrpcExport.Call(route, AgentOf(mark)) : Post(route, mark));
            return route.IsGrpc ? GrpcExport.Answer(stream) : OfHttp(stream);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            bool isLate = patience.IsCancellationRequested;
            bool isRefused = e is SocketException { SocketErrorCode: SocketError.ConnectionRefused };
            string at = $"{route.Url!.Host}, port {route.Url.Port}";
            return new(ExportOutcome.NoAnswer, isLate ? $"{at} does not answer in time" : isRefused ? $"nothing listens on {at}" : $"{at}: {e.Message.TrimEnd('.')}");
        }
    }

    private static byte[] Post(Route route, string mark)
    {
        bool isJson = route.Protocol == Route.HttpJson;
        // In protobuf a message without fields is no bytes at all.
        byte[] body = isJson ? Json(route.Signal) : [];
        var head = new StringBuilder($"POST {route.Url!.PathAndQuery} HTTP/1.1\r\n");
        foreach ((string name, string value) in route.Headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        head.Append($"Content-Type: application/{(isJson ? "json" : "x-protobuf")}\r\nUser-Agent: {AgentOf(mark)}\r\nHost: {route.Url.Authority}\r\n");
        head.Append($"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        return [.. Encoding.UTF8.GetBytes(head.ToString()), .. body];
    }

    private static string AgentOf(string mark) => $"{RefusedExport.DoctorsAgent} {mark}";

    // What is refused in protobuf the server's own log tells.
    private static ExportAnswer OfHttp(NetworkStream stream)
    {
        string text = ReadAll(stream);
        return ServerAnswer.Parse(text) is not { } answer ? new(ExportOutcome.OtherProtocol, "what answers does not speak HTTP/1")
            : answer.Status is >= 200 and < 300 ? new(ExportOutcome.Taken, "")
            : new(answer.Status == 401 ? ExportOutcome.Unauthorized : ExportOutcome.Refused, $"it answers {answer.Status}{(StatusLook.MessageIn(answer.Body) is { } message ? $": {message}" : "")}");
    }

    // What comes until the other side closes; nothing when it is too much.
    private static string ReadAll(NetworkStream stream)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[16 << 10];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > Limits.AnswerBytesMax)
            {
                return "";
            }
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    // OTLP's name for traces is that of spans.
    private static byte[] Json(string signal) =>
        Encoding.UTF8.GetBytes($$"""{"resource{{(signal == "traces" ? "Spans" : $"{char.ToUpperInvariant(signal[0])}{signal[1..]}")}}":[]}""");
}
