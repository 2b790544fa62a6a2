using System.Globalization;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway;

/// <summary>The id of a response: its session and which of the session's turns made it.</summary>
/// <param name="Session">The session's id.</param>
/// <param name="Turn">Turns of the session before it.</param>
internal readonly record struct ResponseId(string Session, long Turn)
{
    private const string Prefix = "resp_";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Turn}_{Session}");

    /// <exception cref="OpenAiException">It is not such an id.</exception>
    public static ResponseId Parse(string text)
    {
        int split = text.StartsWith(Prefix, StringComparison.Ordinal) ? text.IndexOf('_', Prefix.Length) : -1;
        return split > 0
            && long.TryParse(text[Prefix.Length..split], NumberStyles.None, CultureInfo.InvariantCulture, out long turn)
            && SessionId.IsValid(text[(split + 1)..])
                ? new ResponseId(text[(split + 1)..], turn)
                : throw NotFound(text);
    }

    public static OpenAiException NotFound(string text) => OpenAiException.NotFound(
        $"Previous response with id '{text}' not found.", "previous_response_id", "previous_response_not_found");
}
