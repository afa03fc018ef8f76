using OtelLite;
using OtelLite.Commands;

try
{
    return await CommandLine.Run(args);
}
catch (UsageException e)
{
    Console.Error.WriteLine($"otellite: {e.Message} See otellite --help.");
    return ExitCode.WrongUsage;
}
