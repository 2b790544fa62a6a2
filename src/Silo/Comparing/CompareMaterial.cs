using System.Text.Json;
using KVCluster.Inference;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Reports;

namespace KVCluster.Silo.Comparing;

/// <summary>A document and questions about it.</summary>
/// <param name="Document">Its text.</param>
/// <param name="Questions">With known answers.</param>
internal sealed record CompareMaterial(string Document, IReadOnlyList<CompareQuestion> Questions)
{
    /// <summary>The document and the questions that come with the program.</summary>
    public static CompareMaterial Bundled() => new(Resource("document.txt"), ParseQuestions(Resource("questions.json"), "questions.json"));

    /// <exception cref="InputException">A file cannot be read or is not what it should be.</exception>
    public static CompareMaterial Read(string documentPath, string questionsPath) => new(
        TextFiles.Read(documentPath, "document"),
        ParseQuestions(TextFiles.Read(questionsPath, "questions file"), questionsPath));

    /// <summary>Questions from JSON: [{"question": "...", "expected": ["..."]}].</summary>
    /// <exception cref="InputException">It is not such a list, or a part of it is empty.</exception>
    public static IReadOnlyList<CompareQuestion> ParseQuestions(string json, string file)
    {
        CompareQuestion[]? questions;
        try
        {
            questions = JsonSerializer.Deserialize(json, JsonReports.Default.CompareQuestionArray);
        }
        catch (JsonException e)
        {
            throw new InputException($$"""{{file}}: not a list of {"question": "...", "expected": ["..."]}: {{e.Message}}""", e);
        }

        if (questions is not { Length: > 0 })
        {
            throw new InputException($"{file}: it holds no questions");
        }

        for (int i = 0; i < questions.Length; i++)
        {
            CompareQuestion? question = questions[i];
            if (question is null || string.IsNullOrWhiteSpace(question.Question))
            {
                throw new InputException($"{file}: question {i + 1} is empty");
            }

            if (question.Expected.Length == 0 || question.Expected.Any(string.IsNullOrWhiteSpace))
            {
                throw new InputException($"{file}: question {i + 1} has no expected answer, or an empty one");
            }
        }

        return questions;
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(CompareMaterial).Assembly.GetManifestResourceStream($"Compare.{name}")
            ?? throw new InvalidOperationException($"the resource {name} is missing");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
