using System.Diagnostics;
using OtelLite.StatusLine;

namespace OtelLite.Tests.StatusLine;

/// <summary>Branch and repository of a folder, as real git makes its files.</summary>
public sealed class GitCheckoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("otellite-git-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_checkout_and_every_folder_in_it_tell_branch_and_repository()
    {
        string main = Made("main");
        Git(main, "checkout", "-q", "-b", "feature/one");
        Git(main, "remote", "add", "upstream", "https://example.org/other/thing");
        Git(main, "remote", "add", "origin", "git@github.com:example-org/demo-app.git");
        string inner = Directory.CreateDirectory(Path.Combine(main, "a", "b")).FullName;
        Assert.Equal(new GitCheckout("feature/one", "example-org/demo-app"), GitCheckout.Of(main));
        Assert.Equal(new GitCheckout("feature/one", "example-org/demo-app"), GitCheckout.Of(inner));
    }

    [Fact]
    public void A_worktree_has_a_branch_of_its_own_and_its_repository_in_common()
    {
        string main = Made("main");
        Git(main, "remote", "add", "origin", "https://github.com/example-org/demo-app");
        Git(main, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first");
        string tree = Path.Combine(_folder, "tree");
        Git(main, "worktree", "add", "-q", "-b", "side", tree);
        Assert.Equal(new GitCheckout("side", "example-org/demo-app"), GitCheckout.Of(tree));
        Git(tree, "checkout", "-q", "--detach");
        Assert.Equal(new GitCheckout(null, "example-org/demo-app"), GitCheckout.Of(tree));
    }

    [Fact]
    public void A_folder_in_no_checkout_a_broken_one_and_none_at_all_tell_nothing()
    {
        Assert.Equal(default, GitCheckout.Of(_folder));
        Assert.Equal(default, GitCheckout.Of(Path.Combine(_folder, "not there")));
        Assert.Equal(default, GitCheckout.Of("relative"));
        Assert.Equal(default, GitCheckout.Of("/\0"));
        File.WriteAllText(Path.Combine(_folder, ".git"), "what is this");
        Assert.Equal(default, GitCheckout.Of(_folder));
    }

    [Fact]
    public void A_file_of_gits_that_is_too_long_and_a_folder_that_is_too_deep_tell_nothing()
    {
        string main = Made("main");
        Git(main, "checkout", "-q", "-b", "b");
        string head = Path.Combine(main, ".git", "HEAD");
        File.WriteAllText(head, "ref: refs/heads/b\n".PadRight(Limits.GitFileBytesMax));
        Assert.Equal("b", GitCheckout.Of(main).Branch);
        File.AppendAllText(head, "\n");
        Assert.Null(GitCheckout.Of(main).Branch);
        File.WriteAllText(head, "ref: refs/heads/b\n");
        string Below(int levels) => Directory.CreateDirectory(Path.Combine([main, .. Enumerable.Repeat("d", levels)])).FullName;
        Assert.Equal("b", GitCheckout.Of(Below(Limits.FolderLevelsMax - 1)).Branch);
        Assert.Null(GitCheckout.Of(Below(Limits.FolderLevelsMax)).Branch);
    }

    [Theory]
    [InlineData("git@github.com:o/r.git", "o/r")]
    [InlineData("https://github.com/o/r", "o/r")]
    [InlineData("ssh://git@host:22/group/o/r.git/", "o/r")]
    [InlineData("/srv/git/r.git", "git/r")]
    [InlineData("file:///srv/git/r.git", "git/r")]
    [InlineData("C:/src/git/r.git", "git/r")]
    [InlineData("/srv/me@work/r.git", "me@work/r")]
    [InlineData("../r", null)]
    [InlineData("r", null)]
    [InlineData("", null)]
    [InlineData("https://", null)]
    [InlineData("https://ghp_SECRET@git.example.com", null)]
    [InlineData("https://ghp_SECRET@git.example.com/", null)]
    [InlineData("https://ghp_SECRET@git.example.com/repo.git", "git.example.com/repo")]
    [InlineData("https://user:SECRET@git.example.com:8443/repo.git", "git.example.com/repo")]
    [InlineData("https://user:SE/CR@ET@git.example.com/repo.git", "git.example.com/repo")]
    [InlineData("https://SECRET/SECRET@git.example.com/repo", "git.example.com/repo")]
    [InlineData("https://SECRET@git.example.com/@scope/r", "@scope/r")]
    [InlineData("https://git.example.com/o/r?token=SECRET", "o/r")]
    [InlineData("https://git.example.com/@scope/r", "@scope/r")]
    [InlineData("ssh://user:SECRET@host:22/a/b.git", "a/b")]
    [InlineData("ssh://user:SECRET@[::1]:22/b.git", "[::1]/b")]
    [InlineData("git@host:repo.git", "host/repo")]
    [InlineData("user:SECRET@host:repo.git", "host/repo")]
    [InlineData("git@host:/srv/git/r", "git/r")]
    public void The_last_two_parts_of_a_remote_are_its_name(string url, string? name) => Assert.Equal(name, GitCheckout.NameOf(url));

    private string Made(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        Git(folder, "init", "-q");
        return folder;
    }

    private static void Git(string folder, params string[] words)
    {
        using Process git = Process.Start(new ProcessStartInfo("git", words) { WorkingDirectory = folder, RedirectStandardError = true })!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }
}
