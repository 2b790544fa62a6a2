using System.Text.Json;

namespace KVCluster.Grains;

/// <summary>
/// Finds tool calls in an answer, in the forms of the model families supported: Hermes and Qwen
/// (<c>&lt;tool_call&gt;{"name": …, "arguments": {…}}&lt;/tool_call&gt;</c>), Mistral (<c>[TOOL_CALLS][{…}]</c>), Llama 3
/// (the whole answer is <c>{"name": …, "parameters": {…}}</c>). What does not parse stays text.
/// </summary>
public static class ToolCallParser
{
    private const string Open = "<tool_call>";
    private const string Close = "</tool_call>";
    private const string Mistral = "[TOOL_CALLS]";

    /// <summary>The text outside of calls, and the calls in order.</summary>
    public static (string Text, IReadOnlyList<ParsedCall> Calls) Parse(string answer)
    {
        // First, as the arguments may speak of the tags.
        if (TryOne(answer) is { } whole)
        {
            return ("", [whole]);
        }

        if (answer.Contains(Open, StringComparison.Ordinal))
        {
            return ParseTagged(answer);
        }

        int list = answer.IndexOf(Mistral, StringComparison.Ordinal);
        return list >= 0 && TryList(answer[(list + Mistral.Length)..]) is { } calls ? (answer[..list].Trim(), calls) : (answer, []);
    }

    /// <summary>Whether a text that begins so may still turn out to hold calls: a stream must wait.</summary>
    public static bool MayBeCall(string begun)
    {
        string text = begun.TrimStart();
        return text.StartsWith('{')
            || text.Contains(Open, StringComparison.Ordinal) || text.Contains(Mistral, StringComparison.Ordinal)
            || EndsLikeBeginningOf(text, Open) || EndsLikeBeginningOf(text, Mistral);
    }

    private static (string Text, IReadOnlyList<ParsedCall> Calls) ParseTagged(string answer)
    {
        List<ParsedCall> calls = [];
        string text = "";
        int at = 0;
        for (int start; (start = answer.IndexOf(Open, at, StringComparison.Ordinal)) >= 0;)
        {
            int end = answer.IndexOf(Close, start, StringComparison.Ordinal);
            string body = answer[(start + Open.Length)..(end < 0 ? answer.Length : end)];
            if (TryOne(body) is not { } call)
            {
                return (answer, []);
            }

            calls.Add(call);
            text += answer[at..start];
            at = end < 0 ? answer.Length : end + Close.Length;
        }

        return ((text + answer[at..]).Trim(), calls);
    }

    private static List<ParsedCall>? TryList(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.Trim());
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            List<ParsedCall> calls = [];
            foreach (JsonElement item in document.RootElement.EnumerateArray())
            {
                if (Call(item) is not { } call)
                {
                    return null;
                }

                calls.Add(call);
            }

            return calls.Count > 0 ? calls : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ParsedCall? TryOne(string json)
    {
        string trimmed = json.Trim();
        if (!trimmed.StartsWith('{'))
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(trimmed);
            return Call(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ParsedCall? Call(JsonElement call)
    {
        bool named = call.ValueKind == JsonValueKind.Object && call.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String;
        if (!named || !(call.TryGetProperty("arguments", out JsonElement arguments) || call.TryGetProperty("parameters", out arguments)))
        {
            return null;
        }

        // Some write the arguments as a string of JSON already.
        string text = arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText();
        return new ParsedCall(call.GetProperty("name").GetString()!, text);
    }

    private static bool EndsLikeBeginningOf(string text, string mark)
    {
        for (int length = Math.Min(mark.Length - 1, text.Length); length > 0; length--)
        {
            if (text.EndsWith(mark[..length], StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
