namespace KVCluster.Evaluation.Tasks.Needle;

/// <summary>One fact: its sentence stands in the document and in the answer.</summary>
internal sealed record NeedleFact(string Attribute, string Key, string Value, string Moment = "")
{
    /// <summary>What it is about.</summary>
    public string Subject => $"{Attribute} for {Key}" + (Moment.Length > 0 ? $" at {Moment}" : "");

    /// <summary>How it is told.</summary>
    public string Sentence => $"The {Subject} is {Value}.";
}
