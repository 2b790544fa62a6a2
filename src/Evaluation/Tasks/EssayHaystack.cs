namespace KVCluster.Evaluation.Tasks;

/// <summary>Sentences of an essay on workshops and patience, written for this project, in an order of each sample's own.</summary>
internal sealed class EssayHaystack : IHaystack
{
    private static readonly string[] s_sentences =
    [
        "Most workshops begin with a table, a window and one person who would rather try a thing than talk about it.",
        "The first tools are borrowed, and the first pieces that come off the bench are given away to friends.",
        "Nobody plans to stay for thirty years, yet that is what many of them do.",
        "What keeps people at such work is seldom money, which comes late and leaves early.",
        "It is the rare hour in which everything fits and the hands know what to do before the head has decided.",
        "Such hours cannot be ordered, but they can be prepared for.",
        "A clean bench in the morning is worth more than a clever plan at night.",
        "Beginners think that skill means never making mistakes, while masters know that it means noticing them soon.",
        "A mistake that is seen at once costs a minute, and one that is seen a week later costs the whole chair.",
        "That is why good teachers ask their students to stop often and to look.",
        "Looking is harder than it sounds, because we see what we expect long before we see what is there.",
        "Some turn the drawing upside down, some hold the work against the light, and some simply go for a walk.",
        "When they return, the crooked line that had been invisible all morning is suddenly plain.",
        "It helps to have somebody near who is not in a hurry to praise.",
        "Praise is pleasant, but a quiet question about the left corner is of more use.",
        "The best workshops I have seen were full of such questions, and hardly anybody raised their voice.",
        "In winter they are cold, and in summer the glue dries too fast.",
        "There is always a shelf for things that might be needed one day, and now and then one of them is.",
        "Old customers come back with small repairs and stay for a cup of something hot.",
        "They bring news from the other side of the hill and take home a story about a stubborn hinge.",
        "A village that loses its last workshop does not notice it in the first year.",
        "It notices when a gate has hung askew for three winters and nobody remembers whom to ask.",
        "Machines have changed the work, though less than the people who sell them like to say.",
        "A saw that runs by itself still has to be told what a good edge is.",
        "Someone has to decide which faults matter, and that someone must have made a few of them.",
        "I do not think that patience can be taught in a lesson, but it can be caught from others like a cold.",
        "Put a restless pupil next to a calm one, and after a month both of them will work a little differently.",
        "The restless one learns to wait, and the calm one learns that waiting is not always wise.",
        "There are days for sharpening and days for cutting, and it is foolish to mix them up.",
        "Whoever sharpens all day has a fine edge and an empty floor.",
        "Whoever cuts all day ends with blunt steel and a sore back.",
        "Notebooks are kept in most good workshops, and few of them would mean much to a stranger.",
        "They hold lengths, names of trees, the price of nails, and here and there a sentence underlined twice.",
        "Years later these pages are what the apprentices fight over, not the tools.",
        "For tools can be bought again, but nobody can buy the afternoon on which the answer was found.",
        "If there is a secret in all this, it is a dull one.",
        "Come early, put things back where they belong, and finish what you have begun before you admire it.",
        "Then do it again the next day, a little better if you can and no worse if you cannot.",
    ];

    public string Separator => " ";

    public IReadOnlyList<string> Pieces(TaskRandom random, int count, IReadOnlySet<string> taken)
    {
        List<string> pieces = new(count);
        while (pieces.Count < count)
        {
            pieces.AddRange(random.Shuffled(s_sentences).Take(count - pieces.Count));
        }

        return pieces;
    }
}
