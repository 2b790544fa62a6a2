namespace KVCluster.Evaluation.Tasks;

/// <summary>Facts of the same kind about other keys: everything in it looks like what is asked for.</summary>
internal sealed class MagicFactHaystack(MagicValueKind kind) : IHaystack
{
    public string Separator => "\n";

    public IReadOnlyList<string> Pieces(TaskRandom random, int count, IReadOnlySet<string> taken)
    {
        MagicFacts facts = new(random, kind);
        List<string> pieces = new(count);
        while (pieces.Count < count)
        {
            // Beyond what two words can make, three do.
            string key = pieces.Count < 5000 ? facts.Key() : $"{random.Pick(WordLists.Qualities)}-{facts.Key()}";
            if (!taken.Contains(key))
            {
                pieces.Add(facts.Sentence(key, facts.Value()));
            }
        }

        return pieces;
    }
}
