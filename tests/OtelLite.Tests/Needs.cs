namespace OtelLite.Tests;

/// <summary>
/// What some tests need beside .NET. A person without it is told so by a skipped test; in CI (CI=true) nothing is skipped, so there the test
/// runs and fails.
/// </summary>
internal static class Needs
{
    private static readonly bool IsCi = Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>The published executable, or null.</summary>
    public static string? PublishedExe { get; } = Existing(Environment.GetEnvironmentVariable("OTELLITE_EXE"));

    /// <summary>A Chromium or Chrome of this machine, or null.</summary>
    public static string? Browser { get; } = ((string?[])
    [
        Environment.GetEnvironmentVariable("OTELLITE_CHROMIUM"),
        "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        @"C:\Program Files\Google\Chrome\Application\chrome.exe",
        @"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ]).Select(Existing).FirstOrDefault(path => path is not null);

    public static string? SkipWithout(string? found, string message) => found is null && !IsCi ? message : null;

    // A relative path is one from the repository's top, wherever the tests run.
    private static string? Existing(string? path) =>
        path is { Length: > 0 } && Path.GetFullPath(path, Recorded.Repository) is var full && File.Exists(full) ? full : null;
}

/// <summary>A test that drives the page in a browser.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Needs.SkipWithout(Needs.Browser, "no Chromium or Chrome was found; name one with OTELLITE_CHROMIUM");
}

/// <summary>A test of the published executable's page.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedBrowserFactAttribute : FactAttribute
{
    public PublishedBrowserFactAttribute() => Skip = new BrowserFactAttribute().Skip ?? new PublishedFactAttribute().Skip;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = new BrowserFactAttribute().Skip;
}

/// <summary>A test of what is Linux's alone.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "this is about Linux";
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = new LinuxFactAttribute().Skip;
}

/// <summary>A black-box test of the published executable.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedFactAttribute : FactAttribute
{
    public PublishedFactAttribute() => Skip = Needs.SkipWithout(Needs.PublishedExe, "run ./publish.sh and name the file with OTELLITE_EXE");
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedTheoryAttribute : TheoryAttribute
{
    public PublishedTheoryAttribute() => Skip = new PublishedFactAttribute().Skip;
}

/// <summary>One of the published executable that is about Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedLinuxFactAttribute : FactAttribute
{
    public PublishedLinuxFactAttribute() => Skip = new LinuxFactAttribute().Skip ?? new PublishedFactAttribute().Skip;
}
