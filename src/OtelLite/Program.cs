using OtelLite;
using OtelLite.Commands;

try
{
    // A command's name comes first or is left out: otellite alone serves.
    bool isNamed = args is [var first, ..] && !first.StartsWith('-');
    string command = isNamed ? args[0] : "serve";
    if (args.Contains("--help") || args.Contains("-h"))
    {
        Console.Out.WriteLine(Help.Text());
        return ExitCode.Done;
    }

    if (args.Contains("--version"))
    {
        Console.Out.WriteLine($"otellite {App.Version}");
        return ExitCode.Done;
    }

    string[] options = isNamed ? args[1..] : args;
    return command switch
    {
        "serve" => await ServeCommand.Run(options),
        "recount" => RecountCommand.Run(options),
        _ => throw new UsageException(Options.Unknown("command", command, ["serve", "recount"])),
    };
}
catch (UsageException e)
{
    Console.Error.WriteLine($"otellite: {e.Message} See otellite --help.");
    return ExitCode.WrongUsage;
}
