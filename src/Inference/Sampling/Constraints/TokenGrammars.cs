using System.Text.Json;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>Makes token grammars for one model. Safe for any number of threads; the vocabulary's tree is built on first use.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="endTokens">Tokens that end an answer.</param>
public sealed class TokenGrammars(Tokenizer tokenizer, IReadOnlySet<int> endTokens)
{
    private readonly Lazy<TokenTrie> _trie = new(() => new TokenTrie(tokenizer));

    /// <summary>Whether an answer can be held to a schema, without any model.</summary>
    /// <exception cref="InputException">A part of the schema is not supported or malformed; the message names it.</exception>
    public static void CheckSchema(JsonElement schema) => JsonSchemaGrammar.Of(schema);

    /// <summary>Any JSON object.</summary>
    public TokenGrammar JsonObject() => new(JsonSchemaGrammar.AnyObject(), _trie.Value, endTokens);

    /// <summary>JSON that a schema allows.</summary>
    /// <exception cref="InputException">A part of the schema is not supported or malformed; the message names it.</exception>
    public TokenGrammar JsonSchema(JsonElement schema) => new(JsonSchemaGrammar.Of(schema), _trie.Value, endTokens);
}
