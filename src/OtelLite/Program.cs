using System.Text;
using OtelLite;
using OtelLite.Commands;
using OtelLite.Rows;

if (OperatingSystem.IsWindows())
{
    // Of its own, a program there writes in the code page of the console, in which our signs are question marks.
    Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
}

Stdout.TakeOver();
try
{
    return await CommandLine.Run(args);
}
catch (UsageException e)
{
    Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)} See otellite {(e.Command is { } command ? $"{command} " : "")}--help.");
    return ExitCode.WrongUsage;
}
catch (StdoutException e)
{
    Console.Error.WriteLine($"otellite: {TerminalText.OneLine(e.Message)}");
    return ExitCode.Failed;
}
catch (IOException e) when (Output.IsClosedPipe(e))
{
    // Whoever reads has enough.
    return ExitCode.Done;
}
