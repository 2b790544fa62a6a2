namespace KVCluster.Evaluation.Tasks;

/// <summary>Made-up words.</summary>
internal static class InventedWords
{
    private const string Consonants = "bdfgklmnprstvz";
    private const string Vowels = "aeiou";

    /// <summary>Two or three syllables, as in the needle model's training.</summary>
    public static string Spoken(TaskRandom random)
    {
        string word = Syllables(random, random.Between(2, 3));
        return word + random.Pick(["", "n", "r", "s"]);
    }

    /// <summary>Exactly three syllables, six letters: none is part of another.</summary>
    public static string SixLetters(TaskRandom random) => Syllables(random, 3);

    private static string Syllables(TaskRandom random, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => $"{Letter(random, Consonants)}{Letter(random, Vowels)}"));

    private static char Letter(TaskRandom random, string letters) => letters[random.Next(letters.Length)];
}
