using KVCluster.Inference;

namespace KVCluster.Worker.Serving;

/// <summary>Refuses turns that can never run, before anything is queued.</summary>
internal static class TurnCheck
{
    /// <exception cref="InputException">A name, a token, an option or the length is out of range.</exception>
    public static void Validate(TurnRequest request, LocalModel model)
    {
        ArgumentNullException.ThrowIfNull(request);
        Key(request.Session);
        request.Sampling?.Validate(model.Config.VocabularySize);
        if (request.Begun < 0 || request.Begun > request.History.Length
            || (request.Begun > 0 && (request.Prompt.Length > 0 || request.Begun >= (request.Sampling?.MaxTokens ?? 0))))
        {
            throw new InputException(
                $"an answer of at most {request.Sampling?.MaxTokens ?? 0} tokens cannot go on behind {request.Begun} of {request.History.Length} tokens"
                + (request.Prompt.Length > 0 ? " and a prompt" : ""));
        }

        Tokens(request.History.Span, model);
        Tokens(request.Prompt.Span, model);
        long total = (long)request.History.Length + request.Prompt.Length;
        if (total > model.Config.ContextLength)
        {
            throw new InputException(
                $"a prompt of {request.Prompt.Length} tokens after {request.History.Length} tokens of conversation exceeds the model's "
                + $"context of {model.Config.ContextLength} tokens");
        }

        if (total == 0)
        {
            throw new InputException("nothing to generate from: no token was given");
        }
    }

    /// <exception cref="InputException">A name is missing.</exception>
    public static void Key(SessionKey key)
    {
        if (string.IsNullOrEmpty(key.Tenant) || string.IsNullOrEmpty(key.Session))
        {
            throw new InputException($"a session is named by a tenant and an id, not by '{key}'");
        }
    }

    public static void Tokens(ReadOnlySpan<int> tokens, LocalModel model)
    {
        foreach (int id in tokens)
        {
            if ((uint)id >= (uint)model.Config.VocabularySize)
            {
                throw new InputException($"token id {id} is outside the model's vocabulary of {model.Config.VocabularySize}");
            }
        }
    }
}
