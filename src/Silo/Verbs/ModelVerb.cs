using System.CommandLine;
using KVCluster.Inference.Models;
using KVCluster.Inference.Tokenization;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Models;
using KVCluster.Silo.Rendering;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Verbs;

/// <summary><c>model info PATH</c>: checks a model and says what it is.</summary>
internal static class ModelVerb
{
    public static Command Create(Terminal terminal) => new("model", "Look at model files.") { CreateInfo(terminal) };

    private static Command CreateInfo(Terminal terminal)
    {
        Argument<string> path = new("PATH") { Description = "a Hugging Face folder or a .gguf file" };
        Option<bool> json = JsonOutput.Option();
        Command command = new("info", "Check a model file and describe it.") { path, json };
        command.SetAction(parsed => Run(terminal, parsed.GetRequiredValue(path), parsed.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, string path, bool json)
    {
        using LoadedModel model = ModelLoader.Open(path);
        Tokenizer tokenizer = Tokenizer.Load(model);
        bool hasTemplate = ChatTemplate.Load(model, tokenizer) is not null;
        ModelDescription description = ModelInspector.Describe(model, tokenizer, hasTemplate);
        if (json)
        {
            JsonOutput.Write(terminal, description, JsonReports.Default.ModelDescription);
        }
        else
        {
            terminal.OutputConsole.Write(ModelTable.Create(description));
        }

        return ExitCode.Success;
    }
}
