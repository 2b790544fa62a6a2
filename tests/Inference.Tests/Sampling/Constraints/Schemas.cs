using System.Text;
using System.Text.Json;
using KVCluster.Inference.Sampling.Constraints;

namespace KVCluster.Inference.Tests.Sampling.Constraints;

internal static class Schemas
{
    public static Grammar Compile(string schema) => JsonSchemaGrammar.Of(JsonDocument.Parse(schema).RootElement);

    /// <summary>Whether the grammar matches the whole text.</summary>
    public static bool Matches(Grammar grammar, string text)
    {
        var automaton = new GrammarAutomaton(grammar);
        GrammarState state = automaton.Start;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            state = automaton.Next(state, value);
        }

        return state.MayEnd;
    }
}
