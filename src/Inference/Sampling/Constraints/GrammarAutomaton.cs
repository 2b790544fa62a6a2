namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>
/// Runs a grammar over bytes: a set of stacks is one state, and states reached before are remembered with their transitions, so that
/// looking at a vocabulary's tokens costs a table look-up a byte. For one generation, not for two threads at once.
/// </summary>
internal sealed class GrammarAutomaton
{
    /// <summary>Remembered states; beyond it all are forgotten and found again as needed.</summary>
    private const int MaxStates = 20_000;

    private readonly Grammar _grammar;
    private readonly Dictionary<(int Position, int Parent), int> _nodeIds = [];
    private readonly List<(int Position, int Parent)> _nodes = [];
    private readonly Dictionary<NodeSet, GrammarState> _states = [];
    private readonly SortedSet<int> _reached = [];

    public GrammarAutomaton(Grammar grammar)
    {
        _grammar = grammar;
        foreach (int alternative in grammar.Alternatives[grammar.Root])
        {
            Expand(alternative, NoParent);
        }

        Start = Intern();
    }

    private const int NoParent = -1;

    /// <summary>Before the first byte.</summary>
    public GrammarState Start { get; }

    /// <summary>The state after one more byte; <see cref="GrammarState.Dead"/> where no text of the grammar goes on so.</summary>
    public GrammarState Next(GrammarState state, byte value)
    {
        GrammarState? next = state.Next[value];
        if (next is null)
        {
            next = Step(state, value);
            state.Next[value] = next;
        }

        return next;
    }

    private GrammarState Step(GrammarState state, byte value)
    {
        foreach (int node in state.Nodes)
        {
            if (node == GrammarState.Finished)
            {
                continue;
            }

            (int position, int parent) = _nodes[node];
            if (_grammar.Symbols[position].Bytes.Contains(value))
            {
                Expand(position + 1, parent);
            }
        }

        return Intern();
    }

    /// <summary>Adds every stack that begins at this position and has a byte on top.</summary>
    private void Expand(int position, int parent)
    {
        GrammarSymbol symbol = _grammar.Symbols[position];
        switch (symbol.Kind)
        {
            case SymbolKind.Bytes:
                _reached.Add(Node(position, parent));
                break;

            case SymbolKind.End when parent == NoParent:
                _reached.Add(GrammarState.Finished);
                break;

            case SymbolKind.End:
                (int next, int grandparent) = _nodes[parent];
                Expand(next, grandparent);
                break;

            default:
                // A rule at an alternative's end needs no way back: stacks of loops stay flat.
                bool last = _grammar.Symbols[position + 1].Kind == SymbolKind.End;
                int back = last ? parent : Node(position + 1, parent);
                foreach (int alternative in _grammar.Alternatives[symbol.Rule])
                {
                    Expand(alternative, back);
                }

                break;
        }
    }

    private int Node(int position, int parent)
    {
        if (!_nodeIds.TryGetValue((position, parent), out int id))
        {
            id = _nodes.Count;
            _nodes.Add((position, parent));
            _nodeIds.Add((position, parent), id);
        }

        return id;
    }

    private GrammarState Intern()
    {
        int[] nodes = [.. _reached];
        _reached.Clear();
        if (nodes.Length == 0)
        {
            return GrammarState.Dead;
        }

        var key = new NodeSet(nodes);
        if (!_states.TryGetValue(key, out GrammarState? state))
        {
            if (_states.Count >= MaxStates)
            {
                Forget();
            }

            state = new GrammarState(nodes);
            _states.Add(key, state);
        }

        return state;
    }

    private void Forget()
    {
        foreach (GrammarState state in _states.Values)
        {
            state.Forget();
        }

        _states.Clear();
    }

    private readonly record struct NodeSet(int[] Nodes)
    {
        public bool Equals(NodeSet other) => Nodes.AsSpan().SequenceEqual(other.Nodes);

        public override int GetHashCode()
        {
            HashCode hash = default;
            foreach (int node in Nodes)
            {
                hash.Add(node);
            }

            return hash.ToHashCode();
        }
    }
}
