namespace OtelLite.ClaudeSettings;

/// <summary>Settings that can't be read or written; the message is a sentence that says what to do.</summary>
/// <param name="wrong">What is wrong, in whole sentences.</param>
/// <param name="andSo">What follows for who wanted to write; for who only looks, <see cref="Wrong"/> is all.</param>
internal sealed class SettingsException(string wrong, Exception? inner = null, string andSo = "") : Exception(wrong + andSo, inner)
{
    public string Wrong => wrong;
}
