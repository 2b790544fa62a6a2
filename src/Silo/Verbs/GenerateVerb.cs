using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Inference.Sampling;
using KVCluster.Silo.Generating;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Options;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;

namespace KVCluster.Silo.Verbs;

/// <summary><c>generate</c>: goes on with a text, or answers one message.</summary>
internal static class GenerateVerb
{
    private const int DefaultMaxTokens = 256;

    public static Command Create(Terminal terminal, Interrupt interrupt)
    {
        ModelOptionSet models = new(bundledByDefault: false);
        SamplingOptionSet sampling = new(DefaultMaxTokens);
        Option<string?> prompt = OptionOf.Text("--prompt", "what to go on from", "TEXT");
        Option<string?> file = OptionOf.Text("--prompt-file", "a file with it; without either it is read from standard input", "FILE");
        Option<bool> chat = OptionOf.Flag("--chat", "put the prompt to the model as a chat message");
        Option<bool> json = JsonOutput.Option();
        Command command = new("generate", "Generate text after a prompt.") { prompt, file, chat };
        models.AddTo(command);
        sampling.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            ModelChoice choice = models.Read(parsed);
            SamplingOptions options = sampling.Read(parsed);
            string text = PromptText.Read(terminal, parsed.GetValue(prompt), parsed.GetValue(file));
            Action<string>? show = parsed.GetValue(json) ? null : terminal.Output.Write;
            GenerateReport report = Run(terminal, choice, options, text, parsed.GetValue(chat), show, interrupt.Token);
            Present(terminal, report, parsed.GetValue(json));
            return report.Answer.Finish == Answer.NameOf(FinishReason.Cancelled) ? interrupt.ExitCode : ExitCode.Success;
        });
        return command;
    }

    private static GenerateReport Run(
        Terminal terminal,
        ModelChoice choice,
        SamplingOptions sampling,
        string prompt,
        bool chat,
        Action<string>? show,
        CancellationToken cancellationToken)
    {
        (LocalModel model, double seconds) = ModelOpening.Open(terminal, choice);
        using LocalModel owned = model;
        using Conversation conversation = new(model, new ConversationOptions { Observe = null });
        Prefill prefill = Prefill.Run(terminal, conversation, Encode(model, prompt, chat), cancellationToken);
        Answer answer = AnswerReader.Read(conversation, sampling, show, cancellationToken);
        return new GenerateReport
        {
            Model = ModelUse.Of(model, choice, seconds),
            Prompt = prefill,
            Answer = answer,
            CacheBytes = conversation.Cache.Bytes,
        };
    }

    private static int[] Encode(LocalModel model, string prompt, bool chat)
    {
        if (chat)
        {
            return DocumentFrame.Alone(new ChatFraming(model), system: null, prompt);
        }

        int[] tokens = model.Tokenizer.EncodeDocument(prompt, parseSpecial: false);
        return tokens.Length > 0 ? tokens : throw new InputException("the prompt has no tokens in this model's vocabulary");
    }

    private static void Present(Terminal terminal, GenerateReport report, bool json)
    {
        if (json)
        {
            if (report.Answer.Finish != Answer.NameOf(FinishReason.Cancelled))
            {
                JsonOutput.Write(terminal, report, JsonReports.Default.GenerateReport);
            }

            return;
        }

        terminal.Output.WriteLine();
        foreach (TokenScore score in report.Answer.LogProbabilities ?? [])
        {
            terminal.Error.WriteLine(Figures.Score(score));
        }

        terminal.Error.WriteLine(Figures.Turn(report.Prompt, report.Answer));
    }
}
