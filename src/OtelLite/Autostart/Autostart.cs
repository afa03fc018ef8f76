using System.Text;

namespace OtelLite.Autostart;

/// <summary>It can't be done; the message says why and what to do.</summary>
/// <param name="why">A sentence, without its full stop.</param>
/// <param name="remedy">Further sentences.</param>
internal sealed class AutostartException(string why, string remedy = "") : Exception($"{why}. {remedy}".TrimEnd())
{
    public string Why => why;

    public string Remedy => remedy;
}

/// <summary>How a program is no longer started by the system.</summary>
/// <param name="WasInstalled">False: there was nothing to undo.</param>
/// <param name="Unasked">Why the system could not be told to stop the program that runs; null where it was.</param>
internal sealed record AutostartEnd(bool WasInstalled, string? Unasked);

/// <summary>What the system says of the program that it starts.</summary>
/// <param name="IsInstalled">It is started when the user comes.</param>
/// <param name="Said">In the system's own word, such as active, failed or ready.</param>
internal sealed record AutostartState(bool IsInstalled, bool IsRunning, string Said);

/// <summary>OtelLite started by the system, for one user and without an administrator: whenever that user is there, and again when it fails.</summary>
/// <param name="line">The program and its words.</param>
internal abstract class Autostart(IReadOnlyList<string> line)
{
    /// <summary>In every file that is written, so that nobody else's is replaced or removed.</summary>
    protected const string Mark = "written by otellite service install";

    /// <summary>What this is called on this system.</summary>
    public abstract string Kind { get; }

    /// <summary>The file that is written.</summary>
    public abstract string Path { get; }

    /// <summary>Where what it says can be read.</summary>
    public abstract string Log { get; }

    /// <summary>The text of the file.</summary>
    public abstract string Text { get; }

    protected IReadOnlyList<string> Line => line;

    /// <param name="line">The program and its words.</param>
    /// <exception cref="AutostartException">There is no home folder to write to.</exception>
    public static Autostart OfThisPlatform(IReadOnlyList<string> line, string dataDir, Func<string, string?> environment)
    {
        string home = Folders.HomeOrNone(environment) ?? throw new AutostartException("you have no home folder, and so nothing is started for you");
        return OperatingSystem.IsWindows() ? new ScheduledTask(line, dataDir)
            : OperatingSystem.IsMacOS() ? new LaunchdAgent(line, home)
            : new SystemdUnit(line, environment("XDG_CONFIG_HOME") is { Length: > 0 } config && System.IO.Path.IsPathRooted(config) ? config : System.IO.Path.Combine(home, ".config"));
    }

    /// <summary>Writes the file and starts the program; one that runs is started anew with what is written. Where that fails, all is as it was before.</summary>
    /// <exception cref="AutostartException">It can't be done.</exception>
    public void Install()
    {
        RefuseOthers();
        string? former = File.Exists(Path) ? File.ReadAllText(Path, Encoding) : null;
        bool isWritten = false;
        try
        {
            Write(Text);
            isWritten = true;
            Start();
            // The system takes a program that ends at once for started: the port may be taken by one that was started by hand.
            Thread.Sleep(Limits.AutostartTrial);
            if (Look() is { IsRunning: false, Said: var said })
            {
                throw new AutostartException(
                    $"it does not stay up ({TerminalText.OneLine(said.ReplaceLineEndings(" "))})", $"If an otellite runs already, stop it and install again; {Log} tells more.");
            }
        }
        catch (AutostartException e)
        {
            string now = Why(() => TakeBack(former, isWritten)) is { } stuck ? $"{stuck}."
                : former is null ? "Nothing is installed." : "What was installed before is there again.";
            throw new AutostartException(e.Why, $"{e.Remedy} {now}".TrimStart());
        }
    }

    /// <summary>Stops the program and takes the file away, without the system where that can't be asked.</summary>
    /// <exception cref="AutostartException">It can't be done.</exception>
    public AutostartEnd Uninstall()
    {
        if (!File.Exists(Path))
        {
            return new AutostartEnd(false, null);
        }

        RefuseOthers();
        string? unasked = Why(Stop);
        if (unasked is not null && !IsStartedByFile)
        {
            throw new AutostartException(unasked);
        }

        Delete();
        string? unforgotten = Why(Forget);
        return new AutostartEnd(true, unasked ?? unforgotten);
    }

    /// <exception cref="AutostartException">The system can't be asked.</exception>
    public abstract AutostartState Look();

    protected virtual Encoding Encoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Without the file the system starts nothing, whatever it was told before.</summary>
    protected virtual bool IsStartedByFile => true;

    protected abstract void Start();

    protected abstract void Stop();

    /// <summary>After the file is gone.</summary>
    protected virtual void Forget()
    {
    }

    // As far as it goes: what the system refused before it may refuse again, and that was told.
    private void TakeBack(string? former, bool wasAsked)
    {
        if (former is not null)
        {
            Write(former);
            Ask(Start);
            return;
        }

        Ask(Stop);
        Delete();
        Ask(Forget);

        void Ask(Action ask) => _ = wasAsked ? Why(ask) : null;
    }

    private static string? Why(Action ask)
    {
        try
        {
            ask();
            return null;
        }
        catch (AutostartException e)
        {
            return e.Why;
        }
    }

    private void Write(string text)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            File.WriteAllText(Path, text, Encoding);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AutostartException($"{Path} can't be written: {e.Message.TrimEnd('.')}");
        }
    }

    private void Delete()
    {
        try
        {
            if (File.Exists(Path))
            {
                File.Delete(Path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AutostartException($"{Path} can't be deleted: {e.Message.TrimEnd('.')}");
        }
    }

    private void RefuseOthers()
    {
        if (File.Exists(Path) && !File.ReadAllText(Path, Encoding).Contains(Mark, StringComparison.Ordinal))
        {
            throw new AutostartException($"{Path} is not of otellite's making, so it stays: move it away first");
        }
    }
}
