using System.Net;
using OtelLite.Storage;

namespace OtelLite.Tests;

/// <summary>Flag, then environment, then file, then default; and what is said about a name or value that can't be right.</summary>
public sealed class OptionsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("otellite-options-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private Options Read(string[] arguments, params (string Name, string Value)[] environment)
    {
        var variables = environment.Append(("HOME", _home)).ToDictionary(v => v.Item1, v => v.Item2);
        return Options.Read(arguments, name => variables.GetValueOrDefault(name));
    }

    private string Write(string json, string path = "some.json")
    {
        string full = Path.Combine(_home, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, json);
        return full;
    }

    private string Refusal(string[] arguments, params (string Name, string Value)[] environment) =>
        Assert.Throws<UsageException>(() => Read(arguments, environment)).Message;

    [Fact]
    public void Nothing_set_is_the_documented_default()
    {
        Options options = Read([]);
        ListenUrl url = Assert.Single(options.Urls);
        Assert.Equal(("localhost", 8080), (url.Host, url.Port));
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], url.Addresses);
        Assert.Equal(4318, options.OtlpHttpPort);
        Assert.Null(options.Token);
        Assert.Equal(Durability.Full, options.Durability);
        Assert.Equal(67108864, options.BodyBytesMax);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(Path.Combine(_home, ".local", "share", "otellite"), options.DataDir);
        }
    }

    [Fact]
    public void A_flag_wins_over_a_variable_and_that_over_the_file()
    {
        string file = Write("""{"otlpHttpPort": 1, "token": "file", "durability": "normal"}""");
        (string, string)[] variables = [("OTELLITE_OTLP_HTTP_PORT", "2"), ("OTELLITE_TOKEN", "variable")];
        Options options = Read(["--config", file, "--otlp-http-port", "3"], variables);
        Assert.Equal((3, "variable", Durability.Normal), (options.OtlpHttpPort, options.Token, options.Durability));
        Assert.Equal(2, Read(["--config", file], variables).OtlpHttpPort);
        Assert.Equal(1, Read(["--config", file]).OtlpHttpPort);
    }

    [Fact]
    public void Every_setting_is_read_from_its_flag_its_variable_and_its_key()
    {
        foreach (Setting setting in Setting.All)
        {
            // A value that none takes shows by its refusal that it was read.
            string bad = setting.Key == "dataDir" ? "/elsewhere" : "no good value";
            string file = Write($$"""{"{{setting.Key}}": "{{bad}}"}""");
            foreach (Func<Options> read in (Func<Options>[])[() => Read([setting.Flag, bad]), () => Read([$"{setting.Flag}={bad}"]), () => Read([], (setting.Variable, bad)), () => Read(["--config", file])])
            {
                if (setting.Key == "dataDir")
                {
                    Assert.Equal(Path.GetFullPath(bad), read().DataDir);
                }
                else
                {
                    Assert.StartsWith(setting.Key, Assert.Throws<UsageException>(read).Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [InlineData("--ulrs", "--urls")]
    [InlineData("--url", "--urls")]
    [InlineData("--datadir", "--data-dir")]
    [InlineData("--max-boddy", "--max-body")]
    [InlineData("--verison", "--version")]
    public void An_unknown_flag_is_answered_with_the_nearest(string flag, string nearest)
    {
        string message = Refusal([flag, "x"]);
        Assert.Contains($"there is no option {flag}", message, StringComparison.Ordinal);
        Assert.Contains($"did you mean {nearest}?", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flag_that_is_like_none_is_answered_with_the_list()
    {
        string message = Refusal(["--frobnicate-everything", "x"]);
        Assert.DoesNotContain("did you mean", message, StringComparison.Ordinal);
        Assert.All(Setting.All, s => Assert.Contains(s.Flag, message, StringComparison.Ordinal));
        Assert.Contains("takes no further word, and there is stray", Refusal(["stray"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("urls", "\\ud800")]
    [InlineData("dataDir", "/data\\ud83d")]
    [InlineData("dataDir", "\\u0000")]
    [InlineData("token", "\\n")]
    public void Half_a_character_and_a_control_character_are_an_error_that_names_the_key(string key, string value)
    {
        string file = Write($$"""{"{{key}}": "{{value}}"}""");
        Assert.StartsWith($"{file}: {key} holds a character that no setting has", Refusal(["--config", file]), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_is_an_error_that_names_it_its_file_and_the_nearest()
    {
        string file = Write("""{"dataDri": "x"}""");
        string message = Refusal(["--config", file]);
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains("there is no key dataDri; did you mean dataDir?", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--urls", "localhost:8080")]
    [InlineData("--urls", "ftp://localhost:8080")]
    [InlineData("--urls", "http://localhost:8080/path")]
    [InlineData("--urls", "http://example.com:8080")]
    [InlineData("--urls", "http://localhost:99999")]
    [InlineData("--urls", "http://localhost:8080;nonsense")]
    [InlineData("--urls", ";")]
    [InlineData("--otlp-http-port", "65536")]
    [InlineData("--otlp-http-port", "-1")]
    [InlineData("--otlp-http-port", "4318.0")]
    [InlineData("--otlp-http-port", " 4318")]
    [InlineData("--token", "with blank")]
    [InlineData("--token", "with\"quote")]
    [InlineData("--token", "ä")]
    [InlineData("--durability", "FULL")]
    [InlineData("--max-body", "1023")]
    [InlineData("--max-body", "64MB")]
    [InlineData("--insecure", "maybe")]
    [InlineData("--tls-key", "key.pem")]
    public void A_value_that_can_not_be_is_refused_by_its_name(string flag, string value) =>
        Assert.StartsWith(Setting.All.Single(s => s.Flag == flag).Key + ":", Refusal([flag, value]), StringComparison.Ordinal);

    [Fact]
    public void The_largest_body_that_may_be_allowed_is_and_one_byte_more_is_not()
    {
        Assert.Equal(Limits.BodyBytesMaxMax, Read(["--max-body", $"{Limits.BodyBytesMaxMax}"]).BodyBytesMax);
        Assert.Contains($"{Limits.BodyBytesMaxMax}", Refusal(["--max-body", $"{Limits.BodyBytesMaxMax + 1}"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_token_is_taken_and_one_more_character_is_not()
    {
        Assert.Equal(512, Read(["--token", new string('t', 512)]).Token!.Length);
        Refusal(["--token", new string('t', 513)]);
    }

    [Theory]
    [InlineData("--data-dir")]
    [InlineData("--config")]
    public void A_flag_without_its_value_says_what_it_needs(string flag) =>
        Assert.Contains($"{flag} needs a value: {flag} ", Refusal([flag]), StringComparison.Ordinal);

    [Fact]
    public void A_named_file_must_exist()
    {
        string missing = Path.Combine(_home, "missing.json");
        Assert.Contains(missing, Refusal(["--config", missing]), StringComparison.Ordinal);
        Assert.Contains(missing, Refusal([], ("OTELLITE_CONFIG", missing)), StringComparison.Ordinal);
        Assert.Contains(_home, Refusal(["--config", _home]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"token": "a", "token": "b"}""")]
    public void A_file_that_is_no_json_is_refused_by_its_name(string json)
    {
        string file = Write(json);
        Assert.Contains($"{file} is not valid JSON", Refusal(["--config", file]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"urls": ["http://localhost:1"]}""")]
    [InlineData("""{"urls": {"a": 1}}""")]
    [InlineData("""{"urls:0": "http://localhost:1"}""")]
    public void A_key_holds_one_value(string json) =>
        Assert.Contains("urls must be a string or a number", Refusal(["--config", Write(json)]), StringComparison.Ordinal);

    [Fact]
    public void A_file_whose_name_begins_with_a_dot_is_a_file()
    {
        string file = Path.Combine(_home, ".hidden.json");
        File.WriteAllText(file, """{"token": "hidden"}""");
        Assert.Equal("hidden", Options.Read(["--config", file], _ => null).Token);
    }

    [Fact]
    public void A_user_without_a_home_is_told_so_and_nothing_of_the_working_folder_is_taken()
    {
        Assert.Equal("/data", Options.Read(["--data-dir", "/data"], name => name == "HOME" ? "relative" : null).DataDir);
        UsageException refused = Assert.Throws<UsageException>(() => Options.Read([], name => name == "HOME" ? "relative" : null));
        Assert.Contains("--data-dir", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tilde_is_the_home_folder_also_where_no_shell_sees_it()
    {
        string file = Write("""{"dataDir": "~/usage"}""");
        Assert.Equal(Path.Combine(_home, "usage"), Options.Read(["--config", file], name => name == "HOME" ? _home : null).DataDir);
        Assert.Equal(Path.GetFullPath("~usage"), Options.Read(["--data-dir", "~usage"], _ => null).DataDir);
    }

    [Fact]
    public void A_file_that_can_not_be_read_is_a_sentence_too()
    {
        // Exists for everybody and gives its beginning to nobody.
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains("/proc/self/mem", Refusal(["--config", "/proc/self/mem"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_file_of_the_users_configuration_folder_is_read()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Write("""{"token": "home"}""", ".config/otellite/otellite.json");
        Write("""{"token": "xdg"}""", "xdg/otellite/otellite.json");
        Assert.Equal("home", Read([]).Token);
        Assert.Equal("xdg", Read([], ("XDG_CONFIG_HOME", Path.Combine(_home, "xdg"))).Token);
        Assert.Null(Read([], ("XDG_CONFIG_HOME", Path.Combine(_home, "empty"))).Token);

        // A relative path there is invalid and to be ignored.
        Assert.Equal("home", Read([], ("XDG_CONFIG_HOME", "xdg")).Token);
        Assert.Equal(Path.Combine(_home, ".local", "share", "otellite"), Read([], ("XDG_DATA_HOME", "data")).DataDir);
        Assert.Equal(Path.Combine(_home, "data", "otellite"), Read([], ("XDG_DATA_HOME", Path.Combine(_home, "data"))).DataDir);
    }

    [Fact]
    public void A_file_of_the_working_folder_is_never_read()
    {
        string here = Path.Combine(Directory.GetCurrentDirectory(), Options.FileName);
        File.WriteAllText(here, """{"nonsense": 1}""");
        try
        {
            Assert.Null(Read([]).Token);
            Assert.Null(Read([], ("XDG_CONFIG_HOME", ".")).Token);
        }
        finally
        {
            File.Delete(here);
        }
    }

    [Fact]
    public void An_empty_value_is_no_value()
    {
        Options options = Read(["--urls", "", "--token="], ("OTELLITE_DURABILITY", ""), ("OTELLITE_CONFIG", ""));
        Assert.Equal(8080, Assert.Single(options.Urls).Port);
        Assert.Null(options.Token);
    }

    [Fact]
    public void Several_urls_may_be_given()
    {
        IReadOnlyList<ListenUrl> urls = Read(["--urls", "http://127.0.0.1:1; http://[::1]:2;http://0.0.0.0:3"]).Urls;
        Assert.Equal([1, 2, 3], urls.Select(u => u.Port));
        Assert.Equal([true, true, false], urls.Select(u => u.IsLoopback));
    }

    [Fact]
    public void Raw_records_are_kept_for_90_days_or_as_long_and_as_large_as_is_said()
    {
        Assert.Equal((TimeSpan.FromDays(90), null), (Read([]).Retention, Read([]).DbBytesMax));
        Options options = Read(["--retention", "30d", "--max-db-size", "4GB"]);
        Assert.Equal((TimeSpan.FromDays(30), 4_000_000_000L), (options.Retention, options.DbBytesMax));
        Assert.Null(Read(["--retention", "0"]).Retention);
        Assert.Equal(500_000_000, Read(["--max-db-size", "500mb"]).DbBytesMax);
        Assert.Equal(7_000_000, Read(["--max-db-size", "7000000"]).DbBytesMax);
        Assert.All((string[])["4 GB", "-1GB", "GB", "999999", "99999999999TB"], size => Assert.Contains("is not a size", Refusal(["--max-db-size", size]), StringComparison.Ordinal));
    }

    [Fact]
    public void A_switch_is_on_where_it_is_named_and_may_be_said_to_be_off()
    {
        Assert.False(Read([]).Insecure);
        Assert.True(Read(["--insecure"]).Insecure);
        Assert.True(Read(["--insecure", "--retention", "0"]).Insecure);
        Assert.False(Read(["--insecure=false"], ("OTELLITE_INSECURE", "true")).Insecure);
        Assert.True(Read([], ("OTELLITE_INSECURE", "1")).Insecure);
        Assert.True(Read(["--config", Write("""{"insecure": true}""")]).Insecure);
    }

    [Fact]
    public void The_files_of_a_certificate_are_found_from_wherever_the_program_is_started()
    {
        Options options = Read(["--tls-cert", "cert.pem", "--tls-key", "~/key.pem"]);
        Assert.Equal((Path.GetFullPath("cert.pem"), Path.Combine(_home, "key.pem")), (options.TlsCert, options.TlsKey));
        Assert.Equal([false, true], Read(["--urls", "http://localhost:1;https://localhost:2"]).Urls.Select(u => u.IsTls));
    }
}
