namespace OtelLite.ClaudeSettings;

/// <summary>Settings that can't be read or written; the message is a sentence that says what to do.</summary>
internal sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
