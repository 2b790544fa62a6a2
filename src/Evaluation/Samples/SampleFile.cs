using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using KVCluster.Inference;

namespace KVCluster.Evaluation.Samples;

/// <summary>
/// Reads given samples, one JSON object a line. Two forms, told apart by "turns":
/// <c>{"task", "length", "index", "context", "question", "answer_prefix", "expected": [...], "max_new_tokens"}</c>, and
/// <c>{"task", "length", "number", "turns": [{"user", "reference", "expected": [...]}]}</c>, where the first "user" holds the document up
/// to its last blank line. Other fields are ignored; blank lines too.
/// </summary>
public static class SampleFile
{
    /// <summary>
    /// All samples of a file. <paramref name="countTokens"/> counts the tokens of a reference answer, for which room is made.
    /// </summary>
    /// <exception cref="InputException">The file cannot be read, has no sample, or a line is broken: the message says which.</exception>
    public static IReadOnlyList<Sample> Read(string path, Func<string, int> countTokens)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(countTokens);
        try
        {
            using var reader = new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return Read(reader, path, countTokens);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}, line {LineThatIsNoText(path)}: not UTF-8", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"cannot read the samples {path}: {e.Message}", e);
        }
    }

    internal static IReadOnlyList<Sample> Read(TextReader reader, string name, Func<string, int> countTokens)
    {
        List<Sample> samples = [];
        for (int number = 1; reader.ReadLine() is { } line; number++)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                samples.Add(ReadLine(line, $"{name}, line {number}", countTokens));
            }
        }

        return samples.Count > 0 ? samples : throw new InputException($"{name}: no sample in it");
    }

    private static Sample ReadLine(string line, string place, Func<string, int> countTokens)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return new SampleLine(json.RootElement).Read(countTokens);
        }
        catch (JsonException e)
        {
            throw new InputException($"{place}: broken JSON{Column(e)}", e);
        }
        catch (InputException e)
        {
            throw new InputException($"{place}: {e.Message}", e);
        }
    }

    // The parser counts lines within the one line it is given, and from 0: its own words would name a wrong one.
    private static string Column(JsonException e) => e.BytePositionInLine is { } at ? $" at byte {at + 1} of the line" : "";

    /// <summary>A reader decodes whole blocks ahead, so that it does not know the line: found by reading once more.</summary>
    private static int LineThatIsNoText(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int number = 1;
        for (int begin = 0; begin < bytes.Length; number++)
        {
            int length = bytes.AsSpan(begin).IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = length < 0 ? bytes.AsSpan(begin) : bytes.AsSpan(begin, length);
            if (!Utf8.IsValid(line))
            {
                break;
            }

            begin += line.Length + 1;
        }

        return number;
    }
}
