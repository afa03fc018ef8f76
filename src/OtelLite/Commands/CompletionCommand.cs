using System.CommandLine;

namespace OtelLite.Commands;

/// <summary><c>otellite completion SHELL</c>: the script that lets a shell complete the words of this program by asking it.</summary>
internal static class CompletionCommand
{
    // Of what the program suggests those count that begin with what was typed: it takes one that has it anywhere, too. zsh and fish look at that themselves.
    // All but PowerShell tell only the words of this command: a line may hold others before it.
    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["bash"] = """
            _otellite() {
                local IFS=$'\n' cur=$2 words
                words=$(otellite "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
                COMPREPLY=($(compgen -W "$words" -- "$cur"))
            }
            complete -o default -F _otellite otellite
            """,
        ["zsh"] = """
            #compdef otellite
            _otellite() {
                local -a found
                local line="${(j: :)words[1,CURRENT]}"
                found=(${(f)"$(otellite "[suggest:${#line}]" "$line" 2>/dev/null)"})
                (( ${#found} )) && compadd -- "${found[@]}" || _files
            }
            compdef _otellite otellite
            """,
        ["fish"] = """
            complete -c otellite -a '(set -l line (commandline -cp | string collect); otellite "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'
            """,
        ["powershell"] = """
            Register-ArgumentCompleter -Native -CommandName otellite -ScriptBlock {
                param($word, $line, $position)
                otellite "[suggest:$position]" "$line" 2>$null | Where-Object { $_.StartsWith($word, 'OrdinalIgnoreCase') } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
            }
            """,
    };

    public static TaughtCommand Create()
    {
        var shell = new Argument<string>("shell") { HelpName = "SHELL", Description = $"one of {string.Join(", ", Scripts.Keys)}" };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new TaughtCommand("completion", "print the script that completes its words in your shell")
        {
            Examples =
            [
                ("otellite completion bash >> ~/.bashrc", "in every new bash"),
                ("otellite completion zsh >> ~/.zshrc", "in every new zsh, behind compinit"),
                ("otellite completion fish > ~/.config/fish/completions/otellite.fish", "in fish"),
                ("otellite completion powershell >> $PROFILE", "in every new PowerShell"),
            ],
        };
        command.Arguments.Add(shell);
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(Scripts[parsed.GetRequiredValue(shell)]);
            return ExitCode.Done;
        });
        return command;
    }
}
