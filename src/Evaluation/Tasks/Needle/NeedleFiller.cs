using System.Text;

namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>Sentences between the facts.</summary>
internal static class NeedleFiller
{
    /// <summary>A template with its places filled.</summary>
    public static string Sentence(TaskRandom random)
    {
        string time = random.Pick(WordLists.Times);
        string template = random.Pick(NeedleWording.Fillers);
        var text = new StringBuilder();
        for (int at = 0; at < template.Length;)
        {
            if (template[at] != '{')
            {
                text.Append(template[at++]);
                continue;
            }

            int end = template.IndexOf('}', at);
            text.Append(Word(random, template[(at + 1)..end], time));
            at = end + 1;
        }

        return text.ToString();
    }

    private static string Word(TaskRandom random, string place, string time) => place switch
    {
        "person" or "person2" => random.Pick(WordLists.People),
        "place" or "place2" => random.Pick(WordLists.Places),
        "thing" or "thing2" => random.Pick(WordLists.Things),
        "quality" or "quality2" => random.Pick(WordLists.Qualities),
        "verb" => random.Pick(WordLists.Verbs),
        "weather" => random.Pick(WordLists.Weather),
        "mood" => random.Pick(WordLists.Moods),
        "time" => time,
        "Time" => char.ToUpperInvariant(time[0]) + time[1..],
        _ => throw new InvalidOperationException($"no words for {{{place}}}"),
    };
}
