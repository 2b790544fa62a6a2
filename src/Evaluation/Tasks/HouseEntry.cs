namespace KVCluster.Evaluation.Tasks;

/// <summary>
/// One house of a made-up guide book: a paragraph, and what can be asked about it. All words were written for this project.
/// </summary>
internal sealed record HouseEntry
{
    private static readonly string[] s_kinds =
    [
        "bakery", "lighthouse", "library", "sawmill", "brewery", "observatory", "pottery", "printing house",
        "ferry house", "orchard", "weaving mill", "clock museum",
    ];

    private static readonly string[] s_starts =
    [
        "Ash", "Birk", "Col", "Dun", "Els", "Farn", "Gild", "Hol", "Ing", "Kern", "Lund", "Mar", "Nor", "Oster",
        "Pell", "Rav", "Sel", "Thorn", "Ul", "Wes",
    ];

    private static readonly string[] s_ends = ["beck", "bury", "dale", "ford", "ham", "holm", "mere", "mouth", "stead", "wick"];

    private static readonly string[] s_firstNames =
    [
        "Ada", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Henrik", "Irma", "Jonas", "Katrin", "Leo",
        "Mina", "Oskar", "Paula", "Rune",
    ];

    private static readonly string[] s_lastNames =
    [
        "Abel", "Brandt", "Corvin", "Dahl", "Ebner", "Falk", "Grimm", "Halden", "Iversen", "Jansky", "Kolbe",
        "Lorenz", "Moran", "Nyberg", "Prosser", "Rask",
    ];

    private static readonly string[] s_animals = ["cat", "goat", "parrot", "donkey", "tortoise", "goose", "rabbit", "heron", "mule", "owl"];

    private static readonly string[] s_colours = ["red", "green", "blue", "yellow", "orange", "violet", "white", "black", "brown", "grey"];

    private static readonly string[] s_days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    public required string Kind { get; init; }

    public required string Place { get; init; }

    public required string Founder { get; init; }

    public required int Year { get; init; }

    public required string Animal { get; init; }

    public required string Colour { get; init; }

    public required string Day { get; init; }

    public required int Steps { get; init; }

    /// <summary>What is written about it.</summary>
    public string Paragraph =>
        $"The {Kind} of {Place} was founded in {Year} by {Founder}, who came with little luggage and many plans. "
        + $"Its {Colour} door can be seen from the bridge, and from there {Steps} steps lead up to the entrance. "
        + $"A {Animal} lives in the yard and is known to all visitors. The house is closed on {Day}s.";

    private string House => $"the {Kind} of {Place}";

    /// <summary>A house of a place that was not drawn before.</summary>
    public static HouseEntry Draw(TaskRandom random, HashSet<string> places)
    {
        string place;
        do
        {
            // Beyond what plain names can make, a second word tells places apart.
            string name = random.Pick(s_starts) + random.Pick(s_ends);
            place = places.Count < s_starts.Length * s_ends.Length / 2 ? name : $"{name} {random.Pick(s_starts)}{random.Pick(s_ends)}";
        }
        while (!places.Add(place));

        return new HouseEntry
        {
            Kind = random.Pick(s_kinds),
            Place = place,
            Founder = $"{random.Pick(s_firstNames)} {random.Pick(s_lastNames)}",
            Year = random.Between(1650, 1990),
            Animal = random.Pick(s_animals),
            Colour = random.Pick(s_colours),
            Day = random.Pick(s_days),
            Steps = random.Between(21, 399),
        };
    }

    /// <summary>One of the questions.</summary>
    public DraftQuestion Ask(int which)
    {
        (string text, string prefix, string value) = (which % 6) switch
        {
            0 => ($"Who founded {House}?", $"The founder of {House} was", Founder),
            1 => ($"In which year was {House} founded?", $"Its founding year is", $"{Year}"),
            2 => ($"Which animal lives in the yard of {House}?", "The animal that lives there is a", Animal),
            3 => ($"What colour is the door of {House}?", "The colour of the door is", Colour),
            4 => ($"On which day of the week is {House} closed?", "It is closed on", Day),
            _ => ($"How many steps lead up to the entrance of {House}?", "The number of steps is", $"{Steps}"),
        };
        return new DraftQuestion("\n" + text, prefix, [value], $" {value}.");
    }
}
