using System.CommandLine;
using System.Text;
using System.Text.Json;
using OtelLite.Access;
using OtelLite.Rows;

namespace OtelLite.Commands;

/// <summary><c>otellite token</c>: tokens with a name, one for each machine that sends or looks, which can be taken back one by one.</summary>
internal static class TokenCommand
{
    public static TaughtCommand Create(SettingFlags settings)
    {
        var what = new Argument<string>("what") { HelpName = "add|list|revoke", Description = "make one, tell which there are, or take one back" };
        what.AcceptOnlyFromAmong("add", "list", "revoke");
        var name = new Argument<string?>("name") { HelpName = "NAME", Description = "of add and revoke, what it is called: letters, digits and -._@", Arity = ArgumentArity.ZeroOrOne };
        var scope = new Option<string?>("--scope") { HelpName = "ingest|read|all", Description = "of add, what it is good for: sending exports, looking, or both (all)" };
        scope.AcceptOnlyFromAmong("ingest", "read", "all");
        var json = new Option<bool>("--json") { Description = "print it as JSON" };
        var command = new TaughtCommand("token", "tokens with a name, one for each machine")
        {
            About = """
                Beside the token of the data folder, which is good for all, each machine and each reader may have one of its own. Its name stays with everything that it
                brings, as otellite.token of the resource, by which figures split. A server that runs notices within a second; one that is taken back ends open pages too.

                """,
            Examples =
            [
                ("otellite token add laptop --scope ingest", "prints it, this once: only its hash is kept"),
                ("otellite token add wall --scope read", "for a page on the wall"),
                ("otellite token list", "which there are"),
                ("otellite token revoke laptop", "is good no longer"),
            ],
        };
        command.Arguments.Add(what);
        command.Arguments.Add(name);
        command.Options.Add(scope);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            string asked = parsed.GetValue(what)!;
            var options = Options.Read(parsed, settings, Environment.GetEnvironmentVariable);
            CheckWords(asked, parsed.GetValue(name), parsed.GetValue(scope));
            return Run(options, asked, parsed.GetValue(name), NamedToken.ScopeOf(parsed.GetValue(scope) ?? "all")!.Value, parsed.GetValue(json));
        });
        return command;
    }

    private static void CheckWords(string what, string? name, string? scope)
    {
        if (scope is not null && what != "add")
        {
            throw new UsageException("--scope is of add: a token keeps what it is good for. Revoke it, and add another.", "token");
        }

        if (what == "list" ? name is not null : name is null)
        {
            throw new UsageException(what == "list" ? $"list takes no further word, and there is {name}." : $"token {what} needs NAME: what the token is called, such as {Environment.MachineName}.", "token");
        }

        if (name is not null && !NamedToken.IsName(name))
        {
            throw new UsageException($"'{name}' is no name for a token: use 1 to {Limits.TokenNameCharactersMax} letters, digits and -._@.", "token");
        }
    }

    private static int Run(Options options, string what, string? name, TokenScope scope, bool asJson)
    {
        try
        {
            using TextWriter stdout = Output.Stdout();
            switch (what)
            {
                case "add":
                    string token = TokenFile.Add(options.DataDir, name!, scope);
                    stdout.WriteLine(asJson ? Json(json => Write(json, NamedToken.Of(token, name!, scope), token)) : token);
                    Console.Error.WriteLine($"otellite: this is told once, and only its hash is kept. {Use(name!, scope)} It is of the OtelLite with the data in {options.DataDir}.");
                    break;
                case "revoke":
                    TokenFile.Revoke(options.DataDir, name!);
                    Console.Error.WriteLine($"otellite: the token {name} is good no longer. What it brought stays.");
                    break;
                default:
                    List(TokenFile.Read(options.DataDir), stdout, asJson);
                    break;
            }

            return ExitCode.Done;
        }
        catch (TokenException e)
        {
            Console.Error.WriteLine($"otellite: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private static string Use(string name, TokenScope scope)
    {
        string sends = $"on {name}, otellite setup --to https://THIS-MACHINE:PORT --token TOKEN lets Claude Code send with it";
        string reads = "in a browser, open the server's address and paste it there";
        return scope switch
        {
            TokenScope.Ingest => $"It sends exports and reads nothing: {sends}.",
            TokenScope.Read => $"It reads and sends nothing: {reads}.",
            _ => $"It is good for all (--scope says less): {sends}; {reads}.",
        };
    }

    private static void List(IReadOnlyList<NamedToken> tokens, TextWriter stdout, bool asJson)
    {
        if (asJson)
        {
            stdout.WriteLine(Json(json =>
            {
                json.WriteStartArray();
                foreach (NamedToken token in tokens)
                {
                    Write(json, token, null);
                }

                json.WriteEndArray();
            }));
            return;
        }

        int width = 0;
        foreach (NamedToken token in tokens)
        {
            width = Math.Max(width, token.Name.Length);
        }

        foreach (NamedToken token in tokens)
        {
            stdout.WriteLine($"{token.Name.PadRight(width)}  {NamedToken.Word(token.Scope),-6}  {token.MadeAt}");
        }

        if (tokens.Count == 0)
        {
            Console.Error.WriteLine("otellite: there are none; otellite token add NAME makes one.");
        }
    }

    // By hand: a serializer for these would be as much code as all the rest of the command.
    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter json, NamedToken of, string? token)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, of.Name);
        json.WriteString("scope"u8, NamedToken.Word(of.Scope));
        json.WriteString("madeAt"u8, of.MadeAt);
        if (token is not null)
        {
            json.WriteString("token"u8, token);
        }

        json.WriteEndObject();
    }
}
