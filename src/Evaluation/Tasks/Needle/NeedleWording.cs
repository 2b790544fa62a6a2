namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>The wording that the needle model was trained on (training/tasks.py, training/words.py): it understands no other.</summary>
internal static class NeedleWording
{
    /// <summary>Sentences between the facts, with places for words.</summary>
    public static IReadOnlyList<string> Fillers { get; } =
    [
        "The {person} {verb} the {thing} near the {place}.",
        "The {quality} {thing} stood in the {place}.",
        "A {person} {verb} a {quality} {thing} {time}.",
        "There was a {quality} {thing} behind the {place}.",
        "The {person} and the {person2} met at the {place} {time}.",
        "People in the {place} talked about the {weather}.",
        "The {weather} came from the {place} {time}.",
        "Nobody in the {place} saw the {person}.",
        "The {person} was {mood} because of the {weather}.",
        "{Time} the {place} was quiet.",
        "{Time} the {person} {verb} the {thing}.",
        "The road from the {place} to the {place2} is long.",
        "Every {person} wants a {quality} {thing}.",
        "The {person} went to the {place} and {verb} the {thing}.",
        "It was a {quality} {thing}, and the {person} liked it.",
        "The {thing} belonged to the {person} of the {place}.",
        "Some say that the {person} {verb} the {thing} {time}.",
        "After the {weather}, the {place} looked {quality}.",
        "The {person} felt {mood} {time}.",
        "We walked past the {place} and saw a {quality} {thing}.",
        "The {person2} told the {person} about the {weather}.",
        "The {place} has a {quality} {thing} and a {quality2} {thing2}.",
        "When the {weather} stopped, the {person} {verb} the {thing}.",
        "Life near the {place} goes on as before.",
    ];

    /// <summary>How a fact is asked for.</summary>
    public static IReadOnlyList<string> Questions { get; } =
    [
        "What is the {attribute} for {key}?",
        "Tell me the {attribute} for {key}.",
        "I need the {attribute} for {key}.",
        "Do you know the {attribute} for {key}?",
        "Please find the {attribute} for {key}.",
        "For {key}, what is the {attribute}?",
    ];

    /// <summary>How it is asked for after other questions.</summary>
    public static IReadOnlyList<string> FollowUps { get; } =
    [
        "What is the {attribute} for {key}?",
        "Tell me the {attribute} for {key}.",
        "I need the {attribute} for {key}.",
        "Do you know the {attribute} for {key}?",
        "Please find the {attribute} for {key}.",
        "For {key}, what is the {attribute}?",
        "And the {attribute} for {key}?",
        "Now the {attribute} for {key}, please.",
    ];

    /// <summary>How all values of a key are asked for.</summary>
    public static IReadOnlyList<string> Lists { get; } =
    [
        "List the {count} {attribute}s for {key}.",
        "What are the {count} {attribute}s for {key}?",
    ];

    /// <summary>How a variable is asked for.</summary>
    public static IReadOnlyList<string> Traces { get; } =
    [
        "What is the value of variable {name}?",
        "Which number does variable {name} equal?",
        "Trace variable {name}.",
    ];

    /// <summary>How three facts are asked for at once.</summary>
    public static IReadOnlyList<string> Triples { get; } =
    [
        "Give me the {a}, the {b} and the {c}.",
        "What are the {a}, the {b} and the {c}?",
    ];

    /// <summary>What tells the values of one key apart.</summary>
    public static IReadOnlyList<string> Moments { get; } =
    [
        "noon",
        "lunch",
        "sunset",
        "night",
    ];

    /// <summary>What stands before the document, and before the first question.</summary>
    public static IReadOnlyList<(string Before, string Between)> Frames { get; } =
    [
        ("", "\n\n"),
        ("", "\n\nQuestion: "),
        ("Here is a document.\n\n", "\n\n"),
        ("Read the text and answer the question at the end.\n\n", "\n\nQuestion: "),
    ];

    /// <summary>What a fact is about, by the kind of its value.</summary>
    public static IReadOnlyList<(NeedleValueKind Kind, IReadOnlyList<string> Names)> Attributes { get; } =
    [
        (NeedleValueKind.Number, ["special code", "magic number", "gate code", "locker number"]),
        (NeedleValueKind.Word, ["secret word", "password", "call sign", "team name"]),
        (NeedleValueKind.Id, ["access id", "ticket id", "badge id", "parcel id"]),
    ];

    /// <summary>The answer about what the document does not hold.</summary>
    public const string Absent = "not in the document";

    /// <summary>A number of values in words, 2 to 4.</summary>
    public static string Count(int count) => count switch
    {
        2 => "two",
        3 => "three",
        4 => "four",
        _ => throw new ArgumentOutOfRangeException(nameof(count), count, "2 to 4 are known"),
    };
}
