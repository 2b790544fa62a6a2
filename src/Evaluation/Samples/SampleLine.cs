using System.Text.Json;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Samples;

/// <summary>One JSON line of a sample file. Errors are <see cref="InputException"/> that name the field, for the reader to place.</summary>
internal readonly struct SampleLine(JsonElement element)
{
    /// <summary>Room for an answer where the line does not say: what the needle model's recorded answers had.</summary>
    public const int DefaultNewTokens = 48;

    private const string BlankLine = "\n\n";

    /// <summary>The sample; <paramref name="countTokens"/> measures reference answers.</summary>
    public Sample Read(Func<string, int> countTokens)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new InputException("not a JSON object");
        }

        return element.TryGetProperty("turns", out JsonElement turns) ? ReadTurns(turns, countTokens) : ReadSingle();
    }

    private Sample ReadSingle()
    {
        string context = Text("context");
        if (context.Length == 0)
        {
            throw new InputException("'context' is empty");
        }

        SampleQuestion question = new()
        {
            Text = NotBlank(Text("question"), "question"),
            AnswerPrefix = element.TryGetProperty("answer_prefix", out _) ? Text("answer_prefix") : "",
            Expected = Strings("expected"),
            MaxNewTokens = element.TryGetProperty("max_new_tokens", out _) ? Number("max_new_tokens", 1) : DefaultNewTokens,
        };
        return new Sample(Text("task"), Number("length", 1), Number("index", 0), context, [question]);
    }

    private Sample ReadTurns(JsonElement turns, Func<string, int> countTokens)
    {
        if (turns.ValueKind != JsonValueKind.Array || turns.GetArrayLength() == 0)
        {
            throw new InputException("'turns' is not an array of at least one turn");
        }

        string context = "";
        List<SampleQuestion> questions = [];
        foreach (JsonElement item in turns.EnumerateArray())
        {
            var turn = new SampleLine(item);
            string user = turn.Text("user");
            if (questions.Count == 0)
            {
                (context, user) = Split(user);
            }

            int reference = item.TryGetProperty("reference", out _) ? countTokens(turn.Text("reference")) : 0;
            questions.Add(new SampleQuestion
            {
                Text = NotBlank(user, "user"),
                Expected = turn.Strings("expected"),
                MaxNewTokens = Math.Max(DefaultNewTokens, reference + 8),
                AnswerRoom = reference + 1,
            });
        }

        return new Sample(Text("task"), Number("length", 1), Number("number", 0), context, questions);
    }

    /// <summary>The document ends at the last blank line; the question keeps that line.</summary>
    private static (string Context, string Question) Split(string user)
    {
        int cut = user.LastIndexOf(BlankLine, StringComparison.Ordinal);
        return cut > 0
            ? (user[..cut], user[cut..])
            : throw new InputException("'user' of the first turn has no blank line between document and question");
    }

    private static string NotBlank(string text, string name) =>
        string.IsNullOrWhiteSpace(text) ? throw new InputException($"'{name}' is blank") : text;

    private JsonElement Field(string name, JsonValueKind kind)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out JsonElement value))
        {
            throw new InputException($"'{name}' is missing");
        }

        return value.ValueKind == kind
            ? value
            : throw new InputException($"'{name}' is {value.ValueKind}, not {kind}".ToLowerInvariant());
    }

    private string Text(string name) => Field(name, JsonValueKind.String).GetString()!;

    private int Number(string name, int least) =>
        Field(name, JsonValueKind.Number).TryGetInt32(out int value) && value >= least
            ? value
            : throw new InputException($"'{name}' is not a whole number from {least}");

    private List<string> Strings(string name)
    {
        List<string> values = [];
        foreach (JsonElement item in Field(name, JsonValueKind.Array).EnumerateArray())
        {
            values.Add(item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text
                ? text
                : throw new InputException($"'{name}' holds something that is not a string with text"));
        }

        return values.Count > 0 ? values : throw new InputException($"'{name}' is empty");
    }
}
