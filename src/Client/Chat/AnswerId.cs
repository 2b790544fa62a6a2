using System.Globalization;

namespace KVCluster.Client;

/// <summary>The id of an answer's message: its session and the session's tokens up to its end, so that a conversation can go on from it.</summary>
/// <param name="Session">The session's id.</param>
/// <param name="Tokens">Tokens of history, the answer included.</param>
internal readonly record struct AnswerId(string Session, int Tokens)
{
    private const string Prefix = "kvcluster@";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Tokens}@{Session}");

    public static AnswerId? TryParse(string? text)
    {
        int split = text?.StartsWith(Prefix, StringComparison.Ordinal) == true ? text.IndexOf('@', Prefix.Length) : -1;
        return split > 0
            && int.TryParse(text.AsSpan(Prefix.Length, split - Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int tokens)
            && SessionId.IsValid(text![(split + 1)..])
                ? new AnswerId(text[(split + 1)..], tokens)
                : null;
    }
}
