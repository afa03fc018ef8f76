using System.Text;
using OtelLite;
using OtelLite.Commands;

if (OperatingSystem.IsWindows())
{
    // Of its own, a program there writes in the code page of the console, in which our signs are question marks.
    Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
}

try
{
    return await CommandLine.Run(args);
}
catch (UsageException e)
{
    Console.Error.WriteLine($"otellite: {e.Message} See otellite {(e.Command is { } command ? $"{command} " : "")}--help.");
    return ExitCode.WrongUsage;
}
