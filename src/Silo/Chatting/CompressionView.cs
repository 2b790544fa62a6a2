using KVCluster.Silo.Rendering;
using KVCluster.Silo.Sessions;
using KVCluster.Silo.Terminals;

namespace KVCluster.Silo.Chatting;

/// <summary>What a cut kept, on standard error: a picture by layer, then bytes and seconds.</summary>
internal static class CompressionView
{
    public static void Write(Terminal terminal, CompressionRecord compression)
    {
        foreach (string line in RetentionPicture.Lines(compression.Kept, compression.Tokens))
        {
            terminal.Error.WriteLine(line);
        }

        terminal.Error.WriteLine(Figures.Compression(compression));
    }
}
