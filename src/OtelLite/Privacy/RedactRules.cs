using System.Text;
using OtelLite.Telemetry;

namespace OtelLite.Privacy;

/// <summary>What becomes of an attribute.</summary>
internal enum RedactKind
{
    Keep,
    Drop,
    Hash,
}

/// <summary>Which attributes are not to be stored as they come: <c>drop:prompt,hash:user.*</c>. The first rule that fits an attribute holds for it; one for <c>prompt</c> fits its copies
/// too.</summary>
internal sealed class RedactRules
{
    /// <summary>Stands for the body of a log record, which is no attribute.</summary>
    public const string Body = "body";

    private readonly Rule[] _rules;

    private RedactRules(Rule[] rules) => _rules = rules;

    private sealed class Rule(RedactKind kind, byte[] name, bool isPrefix)
    {
        public RedactKind Kind => kind;

        public byte[] Name => name;

        public bool IsPrefix => isPrefix;

        /// <summary>Whether it is for the prompt, of which Claude Code sends copies under other names.</summary>
        public bool IsOfPrompt { get; } = !isPrefix && name.AsSpan().SequenceEqual("prompt"u8);
    }

    /// <summary>True when a rule hashes, and so needs a key.</summary>
    public bool Hashes => Array.Exists(_rules, r => r.Kind == RedactKind.Hash);

    /// <summary>Reads the setting; null where it asks for nothing.</summary>
    /// <exception cref="UsageException">A rule is none, or would leave nothing to count by.</exception>
    public static RedactRules? Read(string setting)
    {
        string[] rules = setting.Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return rules.Length > Limits.RedactRulesMax ? throw new UsageException($"redact: there are {rules.Length} rules, and there may be {Limits.RedactRulesMax}: a name that ends in * stands for many.")
            : rules.Length == 0 ? null
            : new RedactRules(Array.ConvertAll(rules, RuleOf));
    }

    /// <summary>The rules as they are set.</summary>
    public override string ToString() => string.Join(", ", _rules.Select(r => $"{(r.Kind == RedactKind.Hash ? "hash" : "drop")}:{Encoding.UTF8.GetString(r.Name)}{(r.IsPrefix ? "*" : "")}"));

    /// <summary>What becomes of an attribute of this name.</summary>
    public RedactKind Of(ReadOnlySpan<byte> name, AttributeName known)
    {
        foreach (Rule rule in _rules)
        {
            if (rule.IsPrefix ? name.StartsWith(rule.Name) && IsAllowed(rule.Kind, known) : name.SequenceEqual(rule.Name) || (rule.IsOfPrompt && IsPromptCopy(name)))
            {
                return rule.Kind;
            }
        }

        return RedactKind.Keep;
    }

    // Of the same event, to the letter, and of the span. Who drops the prompt means these.
    private static bool IsPromptCopy(ReadOnlySpan<byte> name) => name.SequenceEqual("prompt_text"u8) || name.SequenceEqual("user_prompt"u8);

    private static Rule RuleOf(string text)
    {
        string[] parts = text.Split(':', 2, StringSplitOptions.TrimEntries);
        RedactKind kind = parts[0] switch { "drop" => RedactKind.Drop, "hash" => RedactKind.Hash, _ => RedactKind.Keep };
        if (kind == RedactKind.Keep || parts is not [_, { Length: > 0 } name] || name.IndexOf('*', StringComparison.Ordinal) is var star && star >= 0 && star < name.Length - 1)
        {
            throw new UsageException($"redact: '{text}' is no rule. Write drop:NAME or hash:NAME, such as drop:prompt,hash:user.email; a * at the end of a name stands for any ending.");
        }

        if (name.Any(char.IsWhiteSpace))
        {
            throw new UsageException($"redact: '{text}' looks like several rules: write a comma between two.");
        }

        byte[] utf8 = Encoding.UTF8.GetBytes(name.TrimEnd('*'));
        if (utf8.Length > Limits.RedactNameBytesMax)
        {
            throw new UsageException($"redact: a name may have {Limits.RedactNameBytesMax} bytes, and '{text[..40]}…' has more.");
        }

        return star >= 0 || IsAllowed(kind, ClaudeCode.Attributes.Find(utf8)) ? new Rule(kind, utf8, star >= 0)
            : throw new UsageException($"redact: '{text}' would take away what figures are counted by. {(ClaudeCode.IsIdentity(ClaudeCode.Attributes.Find(utf8)) ? $"It can be hashed: hash:{name}." : "It tells nothing of people: leave it out.")}");
    }

    // What is counted stays countable, also where a rule for many names would fit.
    private static bool IsAllowed(RedactKind kind, AttributeName known) => !ClaudeCode.IsCounted(known) || (kind == RedactKind.Hash && ClaudeCode.IsIdentity(known));
}
