using System.Security.Cryptography;
using System.Text;

namespace KVCluster.Evaluation.Samples;

/// <summary>A context and questions about it.</summary>
public sealed class Sample
{
    /// <summary>Throws ArgumentException where there is no question.</summary>
    public Sample(string task, int length, int index, string context, IReadOnlyList<SampleQuestion> questions)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(questions);
        if (questions.Count == 0)
        {
            throw new ArgumentException("a sample needs a question", nameof(questions));
        }

        Task = task;
        Length = length;
        Index = index;
        Context = context;
        Questions = questions;
        Id = Hash();
    }

    /// <summary>Which task.</summary>
    public string Task { get; }

    /// <summary>Tokens that chat frame, context, questions and room for the answers fit in.</summary>
    public int Length { get; }

    /// <summary>Number within task and length, from 0.</summary>
    public int Index { get; }

    /// <summary>What is cached and compressed before any question is known.</summary>
    public string Context { get; }

    /// <summary>At least one; several are asked of one compressed cache.</summary>
    public IReadOnlyList<SampleQuestion> Questions { get; }

    /// <summary>Names the content: 16 hexadecimal digits of a SHA-256 over everything above.</summary>
    public string Id { get; }

    private string Hash()
    {
        var text = new StringBuilder($"{Task}\n{Length}\n{Index}\n");
        Add(text, Context);
        foreach (SampleQuestion question in Questions)
        {
            Add(text, question.Text);
            Add(text, question.AnswerPrefix);
            text.Append(question.MaxNewTokens).Append('\n').Append(question.Expected.Count).Append('\n');
            foreach (string expected in question.Expected)
            {
                Add(text, expected);
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }

    // With its length, so that no two contents read the same.
    private static void Add(StringBuilder text, string part) => text.Append(part.Length).Append(':').Append(part).Append('\n');
}
