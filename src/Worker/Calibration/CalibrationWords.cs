namespace KVCluster.Worker.Calibration;

/// <summary>
/// Words and patterns of calibration documents: plain English, and of the kind the bundled model was trained on, which knows no other.
/// </summary>
internal static class CalibrationWords
{
    public static string[] Attributes { get; } = ["special code", "magic number", "gate code", "locker number"];

    public static string[] Adjectives { get; } =
    [
        "amber", "bold", "calm", "dusty", "eager", "frosty", "golden", "hollow", "ivory", "jolly", "mellow", "noble", "pale", "quiet", "rusty",
        "silver", "stormy", "tiny", "violet", "young",
    ];

    public static string[] Nouns { get; } =
    [
        "anchor", "badger", "castle", "drum", "eagle", "falcon", "goblet", "hammer", "heron", "kettle", "lantern", "marble", "needle", "otter",
        "pebble", "raven", "saddle", "tower", "viper", "walrus",
    ];

    public static string[] People { get; } =
        ["baker", "farmer", "teacher", "doctor", "sailor", "painter", "gardener", "miller", "captain", "potter", "nurse", "judge"];

    public static string[] Places { get; } =
        ["market", "garden", "village", "library", "station", "forest", "kitchen", "harbour", "meadow", "theatre", "bakery", "island"];

    public static string[] Things { get; } =
        ["basket", "letter", "table", "lamp", "coat", "picture", "carpet", "bicycle", "rope", "blanket", "bench", "pencil"];

    public static string[] Verbs { get; } = ["carried", "found", "painted", "sold", "repaired", "borrowed", "watched", "cleaned", "described"];

    public static string[] Qualities { get; } = ["new", "heavy", "bright", "cheap", "round", "thin", "dry", "clean"];

    public static string[] Weather { get; } = ["rain", "snow", "fog", "thunder", "frost", "mist"];

    public static string[] Times { get; } = ["in the morning", "after lunch", "on Monday", "last week", "at noon", "at the weekend"];

    /// <summary>{0} person, {1} place, {2} thing, {3} verb, {4} quality, {5} weather, {6} time.</summary>
    public static string[] Sentences { get; } =
    [
        "The {0} {3} the {2} near the {1}.",
        "The {4} {2} stood in the {1}.",
        "A {0} {3} a {4} {2} {6}.",
        "There was a {4} {2} behind the {1}.",
        "People in the {1} talked about the {5}.",
        "The {5} came from the {1} {6}.",
        "Nobody in the {1} saw the {0}.",
        "Every {0} wants a {4} {2}.",
        "The {0} went to the {1} and {3} the {2}.",
        "After the {5}, the {1} looked {4}.",
        "We walked past the {1} and saw a {4} {2}.",
        "Life near the {1} goes on as before.",
    ];
}
