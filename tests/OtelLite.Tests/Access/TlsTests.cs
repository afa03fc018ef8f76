using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using OtelLite.Access;
using OtelLite.Doctor;
using OtelLite.Tests.Doctor;

namespace OtelLite.Tests.Access;

/// <summary>TLS on the ports that other machines reach.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-tls-").FullName;
    private X509Certificate2? _seen;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string CertPath => Path.Combine(_folder, "cert.pem");

    private string KeyPath => Path.Combine(_folder, "key.pem");

    private string[] Flags => ["--tls-cert", CertPath, "--tls-key", KeyPath];

    private void WriteCertificate(string name, bool isElliptic = true) => WriteCertificate(CertPath, KeyPath, name, isElliptic);

    /// <summary>A certificate of its own, for 127.0.0.1.</summary>
    internal static void WriteCertificate(string certPath, string keyPath, string name, bool isElliptic = true, double days = 30)
    {
        using ECDsa curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using RSA rsa = RSA.Create(2048);
        CertificateRequest request = isElliptic ? new($"CN={name}", curve, HashAlgorithmName.SHA256) : new($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(Math.Min(-1, days - 1)), DateTimeOffset.UtcNow.AddDays(days));
        File.WriteAllText(certPath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, isElliptic ? curve.ExportPkcs8PrivateKeyPem() : rsa.ExportPkcs8PrivateKeyPem());
    }

    private HttpClient Client(Version? version = null) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                _seen = new X509Certificate2(certificate!);
                return _seen.Issuer == _seen.Subject;
            },
        },
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    {
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", RunningServer.TestToken) },
    };

    private static string Https(RunningServer server) => $"https://127.0.0.1:{new Uri(server.Url).Port}";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Both_protocols_are_served_over_tls_on_every_port_and_this_machine_may_still_do_without(bool isElliptic)
    {
        WriteCertificate("one", isElliptic);
        await using RunningServer server = await RunningServer.Start(null, Flags);
        Assert.StartsWith("http://", server.Url, StringComparison.Ordinal);
        foreach (Version version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            using HttpClient client = Client(version);
            using HttpResponseMessage answer = await client.PostAsync(
                new Uri(Https(server) + "/v1/metrics"), new StringContent(Exports.Commit(Exports.Noon + version.Major), Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(version, answer.Version);
        }

        Assert.Equal("CN=one", _seen!.Subject);
        Assert.Equal(HttpStatusCode.OK, (await server.Post("/v1/metrics", Exports.Commit())).StatusCode);
        Assert.Equal(3L, server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task Grpc_is_received_over_tls()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.StartWithGrpc(Flags);
        using HttpClient client = Client(HttpVersion.Version20);
        byte[] message = Otlp.OtlpSchema.ToProtobuf("MetricsRequest", Exports.Commit());
        using var content = new ByteArrayContent(GrpcCalls.Frame(message));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using HttpResponseMessage answer = await client.PostAsync(new Uri(server.GrpcUrl.Replace("http:", "https:", StringComparison.Ordinal) + GrpcCalls.PathOf("metrics")), content);
        await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal("0", answer.TrailingHeaders.GetValues("grpc-status").Single());
        Assert.Equal(1L, server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task Large_bodies_and_answers_in_parts_come_through_whole()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.Start(null, Flags);
        using HttpClient client = Client();
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), async (i, stop) =>
        {
            using var content = new ByteArrayContent(Exports.OfLength(3 << 20, Exports.Noon + i));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage answer = await client.PostAsync(new Uri(Https(server) + "/v1/metrics"), content, stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        });
        byte[] script = await client.GetByteArrayAsync(new Uri(Https(server) + "/web/uPlot.iife.min.js"));
        Assert.Equal(await server.Http.GetByteArrayAsync(new Uri(server.Url + "/web/uPlot.iife.min.js")), script);
        Assert.Equal(8L, server.Sql("SELECT count(*) FROM otel_metrics"));
    }

    [Fact]
    public async Task Over_tls_the_cookie_goes_over_tls_only_and_the_block_to_paste_says_https()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.Start(null, Flags);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, SslOptions = new() { RemoteCertificateValidationCallback = (_, seen, _, _) => seen!.Subject == "CN=one" } });
        using HttpResponseMessage signIn = await client.GetAsync(new Uri($"{Https(server)}/?token={RunningServer.TestToken}"));
        Assert.Contains("; secure", signIn.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        using HttpClient asking = Client();
        Assert.Contains($"OTEL_EXPORTER_OTLP_ENDPOINT={Https(server)}", await asking.GetStringAsync(new Uri(Https(server) + "/api/setup")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.Start(null, Flags);
        await AssertServed("one");
        WriteCertificate("two");
        await AssertServed("two");
        await File.WriteAllTextAsync(CertPath, "nonsense");
        await Task.Delay(Limits.CertificateLookInterval + TimeSpan.FromMilliseconds(100));
        await AssertServed("two");
        Assert.Contains(server.Said, s => s.Contains("The one before stays in use", StringComparison.Ordinal));
        WriteCertificate("three");
        await AssertServed("three");

        async Task AssertServed(string name)
        {
            for (int tries = 0; tries < 50; tries++)
            {
                using HttpClient client = Client();
                await client.GetAsync(new Uri(Https(server) + "/healthz"));
                if (_seen!.Subject == $"CN={name}")
                {
                    return;
                }

                await Task.Delay(100);
            }

            Assert.Fail($"{_seen!.Subject} is served, and not {name}");
        }
    }

    [Fact]
    public async Task Doctor_and_status_find_a_server_with_tls_and_its_address_over_tls_is_right()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.Start(null, Flags);
        using Patient patient = Patient.Of(server).With("OTEL_EXPORTER_OTLP_ENDPOINT", Https(server));
        Options options = Options.Read(["--data-dir", patient.DataDir, "--urls", server.Url, "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--token", RunningServer.TestToken, .. Flags], _ => null);
        Diagnosis diagnosis = patient.Look(options: options);
        Assert.Equal(LinkState.Ok, diagnosis.Links.Single(l => l.Name == "server").State);
        Link endpoint = diagnosis.Links.Single(l => l.Name == "endpoint");
        Assert.Equal(LinkState.Unknown, endpoint.State);
        Assert.Contains("which is this OtelLite", endpoint.Worst.Says, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cert.pem", "nosuch.pem")]
    [InlineData("cert.pem", "cert.pem")]
    [InlineData("key.pem", "key.pem")]
    [InlineData("other.pem", "key.pem")]
    public void Files_that_hold_no_certificate_and_its_key_are_a_sentence(string certificate, string key)
    {
        WriteCertificate("other");
        File.Move(CertPath, Path.Combine(_folder, "other.pem"));
        WriteCertificate("one");
        CertificateException refused = Assert.Throws<CertificateException>(() => new ServerCertificate(Path.Combine(_folder, certificate), Path.Combine(_folder, key), _ => { }));
        Assert.Contains("--tls-cert", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_file_without_the_other_and_https_without_both_are_refused()
    {
        Assert.Contains("tlsKey", Assert.Throws<UsageException>(() => Options.Read(["--tls-cert", CertPath], _ => null)).Message, StringComparison.Ordinal);
        Options https = Options.Read(["--data-dir", _folder, "--urls", "https://127.0.0.1:0"], _ => null);
        Assert.Contains("--tls-cert", (await Assert.ThrowsAsync<UsageException>(() => App.Start(https, _ => { }))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_certificate_every_address_may_be_listened_on_and_is_told_as_https()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.Start(null, ["--urls", "http://0.0.0.0:0", .. Flags]);
        Assert.StartsWith("https://0.0.0.0:", server.Url, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Said, s => s.Contains("unencrypted", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.9", false, false)]
    [InlineData("192.0.2.1", "192.0.2.9", true, true)]
    [InlineData("127.0.0.1", "127.0.0.1", false, true)]
    [InlineData("::ffff:127.0.0.1", "::ffff:127.0.0.1", false, true)]
    [InlineData("192.0.2.9", "192.0.2.9", false, true)]
    public async Task Another_machine_that_comes_without_tls_is_told_and_not_served(string from, string to, bool isInsecure, bool isServed)
    {
        var log = new IngestLog();
        bool served = false;
        var protocols = new ConnectionProtocols(log, null, plainFromAfar: isInsecure);
        Pipe input = new(), output = new();
        await using var connection = new DefaultConnectionContext("c")
        {
            Transport = new Wire(input.Reader, output.Writer),
            RemoteEndPoint = new IPEndPoint(IPAddress.Parse(from), 40000),
            LocalEndPoint = new IPEndPoint(IPAddress.Parse(to), 8080),
        };
        await input.Writer.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        await protocols.Serve(connection, _ =>
        {
            served = true;
            return Task.CompletedTask;
        });
        await output.Writer.CompleteAsync();
        string said = Encoding.ASCII.GetString((await output.Reader.ReadAsync()).Buffer.FirstSpan);
        Assert.Equal(isServed, served);
        Assert.Equal(isServed ? "" : "HTTP/1.1 400 Bad Request", said.Split("\r\n")[0]);
        Assert.Equal(isServed ? 0 : 1, log.Read().Refusals.Count(r => r.Reason.Contains("https://", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_link_is_as_old_as_what_it_leads_to()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        WriteCertificate("one");
        string link = Path.Combine(_folder, "link.pem");
        File.CreateSymbolicLink(link, CertPath);
        DateTime at = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(CertPath, at);
        Assert.Equal(at, LastWritten.Of(link, default));
    }

    [Theory]
    [InlineData(30, "")]
    [InlineData(14.5, "")]
    [InlineData(13.5, "ends in 13 days")]
    [InlineData(1.5, "ends in 1 day:")]
    [InlineData(0.5, "ends within a day")]
    [InlineData(-3, "has ended")]
    public void Its_end_is_told_of_before_clients_refuse_it(double days, string says)
    {
        WriteCertificate(CertPath, KeyPath, "one", days: days);
        List<string> said = [];
        _ = new ServerCertificate(CertPath, KeyPath, said.Add);
        Assert.Equal(says.Length == 0 ? 0 : 1, said.Count);
        Assert.Contains(says, said.FirstOrDefault() ?? "", StringComparison.Ordinal);
        Assert.InRange(Limits.CertificateEndNear, TimeSpan.FromDays(13.5), TimeSpan.FromDays(14.5));
        Assert.InRange(Limits.CertificateEndTold, TimeSpan.FromHours(1), Limits.CertificateEndNear);
    }

    [Fact]
    public async Task A_handshake_that_stands_still_is_ended()
    {
        WriteCertificate("one");
        await using RunningServer server = await RunningServer.Start(null, Flags);
        using var slow = new TcpClient("127.0.0.1", new Uri(server.Url).Port);
        await slow.GetStream().WriteAsync(new byte[] { 0x16, 3, 1, 2, 0, 1 });
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var patience = new CancellationTokenSource(Limits.HandshakeTimeout + TimeSpan.FromSeconds(10));
        try
        {
            while (await slow.GetStream().ReadAsync(new byte[100], patience.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end too.
        }

        Assert.InRange(clock.Elapsed, Limits.HandshakeTimeout - TimeSpan.FromSeconds(1), Limits.HandshakeTimeout + TimeSpan.FromSeconds(9));
        Assert.Contains((await server.Get("/api/ingest"))["refusals"]!.AsArray(), r => ((string)r!["reason"]!).Contains("TLS", StringComparison.Ordinal));
    }

    private sealed record Wire(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
