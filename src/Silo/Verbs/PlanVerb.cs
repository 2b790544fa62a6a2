using System.CommandLine;
using KVCluster.Inference;
using KVCluster.Inference.Kv;
using KVCluster.Inference.Models;
using KVCluster.Silo.Hosting;
using KVCluster.Silo.Models;
using KVCluster.Silo.Options;
using KVCluster.Silo.Planning;
using KVCluster.Silo.Reports;
using KVCluster.Silo.Terminals;
using KVCluster.Storage;

namespace KVCluster.Silo.Verbs;

/// <summary><c>plan</c>: how many nodes and how much Redis a load needs.</summary>
internal static class PlanVerb
{
    private static readonly Dictionary<string, SnapshotCodec> s_codecs =
        Enum.GetValues<SnapshotCodec>().ToDictionary(codec => codec.ToString().ToLowerInvariant());

    private static readonly Dictionary<string, KvElementType> s_types = Enum.GetValues<KvElementType>().ToDictionary(ModelOptionSet.NameOf);

    public static Command Create(Terminal terminal)
    {
        Option<string?> model = OptionOf.Text("--model", "a Hugging Face folder (its config.json is enough), or a .gguf file; the bundled one by default", "PATH");
        Option<string?> memory = OptionOf.Text("--gpu-memory", "memory of a node's device, such as 80GiB", "SIZE");
        memory.Required = true;
        Option<int?> sessions = OptionOf.Number<int>("--sessions", "conversations kept alive; 500 by default");
        Option<int?> tokens = OptionOf.Number<int>("--tokens", "length of each; 32000 by default, at most the model's context");
        Option<double?> keep = OptionOf.Number<double>("--keep", "share of the slots that compression leaves; 0.25 by default");
        Option<string[]> tenants = OptionOf.Texts("--tenants", "a tenant's load in place of --sessions; may be given many times", "NAME=SESSIONS[xTOKENS][@KEEP]");
        Option<KvElementType?> kv = OptionOf.Choice("--kv", "how keys and values are stored; bf16 by default", s_types);
        Option<SnapshotCodec?> codec = OptionOf.Choice("--codec", "how cold copies are stored; raw by default", s_codecs);
        PlanOptionSet rest = new();
        Option<bool> json = JsonOutput.Option();
        Command command = new("plan", "How many nodes, and how much Redis, a load needs (docs/sizing.md has the formulas).")
        {
            model, memory, sessions, tokens, keep, tenants, kv, codec,
        };
        rest.AddTo(command);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(model) ?? BundledModel.Find();
            ModelConfig config = ModelLoader.ReadConfig(path);
            int length = parsed.GetValue(tokens) ?? Math.Min(32_000, config.ContextLength);
            double share = parsed.GetValue(keep) ?? 0.25;
            string[] named = parsed.GetValue(tenants) ?? [];
            if (named.Length > 0 && parsed.GetValue(sessions) is not null)
            {
                throw new InputException("--sessions and --tenants exclude each other");
            }

            PlanSettings settings = rest.Read(parsed, new PlanSettings
            {
                DeviceBytes = ByteSize.Parse(parsed.GetRequiredValue(memory)!, "--gpu-memory"),
                Tenants = named.Length > 0
                    ? [.. named.Select(tenant => TenantLoad.Parse(tenant, length, share))]
                    : [new TenantLoad("", parsed.GetValue(sessions) ?? 500, length, share)],
                KvType = parsed.GetValue(kv) ?? KvElementType.BF16,
                Codec = parsed.GetValue(codec) ?? SnapshotCodec.Raw,
            });
            return Print(terminal, Planner.Make(path, config, settings), parsed.GetValue(json));
        });
        return command;
    }

    private static int Print(Terminal terminal, ClusterPlan plan, bool json)
    {
        if (json)
        {
            JsonOutput.Write(terminal, plan, JsonReports.Default.ClusterPlan);
        }
        else
        {
            terminal.OutputConsole.Write(PlanTable.Create(plan));
        }

        return ExitCode.Success;
    }
}
