using System.Diagnostics.CodeAnalysis;
using KVCluster.Worker;

namespace KVCluster.Grains;

/// <summary>What is wrong with an exported session, said before anything of it is written.</summary>
internal static class ImportCheck
{
    /// <summary>It agrees with itself.</summary>
    /// <exception cref="InvalidRequestException">It does not; the message says where.</exception>
    public static void Shape(SessionExport? export)
    {
        Require(export is { Model: not null, Tokens: not null, Recent: not null }, "there is nothing to import");
        RequestCheck.Options(export.Options);
        Require(export.Options.Sampling.StopStrings?.Contains(null) != true, "a stop string is missing");
        _ = SamplingMerge.Checked(null, export.Options.Sampling);
        TurnRecord[] recent = export.Recent;
        Require(recent.Length <= TurnLog.KeptTurns, $"{recent.Length} turns are more than the {TurnLog.KeptTurns} that are kept");
        Require(export.Turns >= recent.Length, $"{export.Turns} turns in all are fewer than the {recent.Length} that are kept");
        int end = recent is [{ } first, ..] ? first.Start : export.Tokens.Length;
        for (int i = 0; i < recent.Length; i++)
        {
            TurnRecord? turn = recent[i];
            Require(turn is not null, $"kept turn {i} is missing");
            bool follows = turn.Start == end && turn is { Start: >= 0, Prompt: >= 0, Answer: >= 0 } && (long)end + turn.Prompt + turn.Answer <= export.Tokens.Length;
            Require(follows, $"kept turn {i} does not follow the one before, or goes beyond the history");
            Require(Enum.IsDefined(turn.Finish), $"kept turn {i} ended in no known way");
            Require((turn.Key is null) == (turn.Hash is null), $"kept turn {i} has a key without its request's hash, or the reverse");
            RequestCheck.Key(turn.Key);
            end = turn.End;
        }

        Require(end == export.Tokens.Length, "the kept turns end before the history does");
    }

    /// <summary>It can go on with this model.</summary>
    /// <exception cref="InvalidRequestException">A token is none of the model's, or a turn's text is longer than its tokens make.</exception>
    /// <exception cref="ModelMismatchException">It is another model's.</exception>
    public static void Fits(SessionExport export, LocalModel model)
    {
        if (export.Model != model.Fingerprint)
        {
            throw new ModelMismatchException($"the session was made with model {export.Model}, this node serves {model.Fingerprint}");
        }

        int limit = Math.Min(export.Options.TokenBudget ?? int.MaxValue, model.Config.ContextLength);
        Require(export.Tokens.Length <= limit, $"a history of {export.Tokens.Length} tokens exceeds the {limit} that the session may have");
        int wrong = Array.FindIndex(export.Tokens, token => token < 0 || token >= model.Config.VocabularySize);
        Require(wrong < 0, wrong < 0 ? "" : $"token {wrong} is {export.Tokens[wrong]}, which is none of the model's");
        foreach ((int i, TurnRecord turn) in export.Recent.Index())
        {
            int text = TurnResults.TextOf(export.Tokens[(turn.Start + turn.Prompt)..turn.End], model.Tokenizer).Length;
            Require(turn.TextLength >= 0 && turn.TextLength <= text, $"kept turn {i} has a text of {turn.TextLength} characters, its tokens make {text}");
        }
    }

    private static void Require([DoesNotReturnIf(false)] bool valid, string message)
    {
        if (!valid)
        {
            throw new InvalidRequestException(message);
        }
    }
}
