namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>Finds rules that can begin with themselves: expanding one would never end.</summary>
internal static class LeftRecursion
{
    public static bool IsIn(Grammar grammar)
    {
        bool[] empty = Nullable(grammar);
        int[] waiting = new int[grammar.Alternatives.Length];
        List<int>[] begins = [.. Enumerable.Range(0, waiting.Length).Select(rule => Begins(grammar, rule, empty))];
        foreach (int next in begins.SelectMany(b => b))
        {
            waiting[next]++;
        }

        // Rules that no other begins with go first; what is left over is a cycle.
        var ready = new Stack<int>(Enumerable.Range(0, waiting.Length).Where(rule => waiting[rule] == 0));
        int done = 0;
        while (ready.TryPop(out int rule))
        {
            done++;
            foreach (int next in begins[rule])
            {
                if (--waiting[next] == 0)
                {
                    ready.Push(next);
                }
            }
        }

        return done < waiting.Length;
    }

    /// <summary>Which rules match the empty text.</summary>
    private static bool[] Nullable(Grammar grammar)
    {
        bool[] empty = new bool[grammar.Alternatives.Length];
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int rule = 0; rule < empty.Length; rule++)
            {
                if (!empty[rule] && grammar.Alternatives[rule].Any(a => IsEmpty(grammar, a, empty)))
                {
                    empty[rule] = true;
                    changed = true;
                }
            }
        }

        return empty;
    }

    private static bool IsEmpty(Grammar grammar, int position, bool[] empty)
    {
        while (grammar.Symbols[position] is { Kind: SymbolKind.Rule } symbol && empty[symbol.Rule])
        {
            position++;
        }

        return grammar.Symbols[position].Kind == SymbolKind.End;
    }

    /// <summary>Rules that can stand at a rule's very beginning.</summary>
    private static List<int> Begins(Grammar grammar, int rule, bool[] empty)
    {
        List<int> begins = [];
        foreach (int alternative in grammar.Alternatives[rule])
        {
            for (int position = alternative; grammar.Symbols[position] is { Kind: SymbolKind.Rule } symbol; position++)
            {
                begins.Add(symbol.Rule);
                if (!empty[symbol.Rule])
                {
                    break;
                }
            }
        }

        return begins;
    }
}
