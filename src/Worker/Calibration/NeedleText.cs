using System.Globalization;

namespace KVCluster.Worker.Calibration;

/// <summary>One fact in filler, and the question for it; deterministic by its random numbers.</summary>
/// <param name="Fact">The sentence that stands in the document.</param>
/// <param name="Value">What is asked for, a part of the fact.</param>
/// <param name="Question">Asks for it.</param>
/// <param name="Filler">Sentences around it, in order.</param>
internal sealed record NeedleText(string Fact, string Value, string Question, IReadOnlyList<string> Filler)
{
    /// <summary>The fact up to its value, for models that only continue text.</summary>
    public string AnswerOpening => Fact[..Fact.LastIndexOf(Value, StringComparison.Ordinal)].TrimEnd();

    public static NeedleText Make(SeededRandom random, int sentences)
    {
        string subject = $"{random.Pick(CalibrationWords.Attributes)} for "
            + $"{random.Pick(CalibrationWords.Adjectives)}-{random.Pick(CalibrationWords.Nouns)}";
        string value = (10000 + random.Next(90000)).ToString(CultureInfo.InvariantCulture);
        string[] filler = [.. Enumerable.Range(0, sentences).Select(_ => Sentence(random))];
        return new NeedleText($"The {subject} is {value}.", value, $"What is the {subject}?", filler);
    }

    /// <summary>The document of the first so many sentences of filler, the fact at a depth of 0 to 1.</summary>
    public string Document(int sentences, double depth)
    {
        int before = (int)Math.Round(sentences * depth, MidpointRounding.ToEven);
        return string.Join(' ', [.. Filler.Take(before), Fact, .. Filler.Take(sentences).Skip(before)]);
    }

    private static string Sentence(SeededRandom random) => string.Format(
        CultureInfo.InvariantCulture,
        random.Pick(CalibrationWords.Sentences),
        random.Pick(CalibrationWords.People),
        random.Pick(CalibrationWords.Places),
        random.Pick(CalibrationWords.Things),
        random.Pick(CalibrationWords.Verbs),
        random.Pick(CalibrationWords.Qualities),
        random.Pick(CalibrationWords.Weather),
        random.Pick(CalibrationWords.Times));
}
