using KVCluster.Client;
using KVCluster.Grains;
using KVCluster.Samples.Conversation;
using Microsoft.Extensions.AI;

// Embedded build: the path of a model's folder or file. Orleans build: the Redis of a running cluster.
await using Cluster cluster = await Cluster.ConnectAsync(args.FirstOrDefault());
KVClusterClient client = cluster.Client;

// A session reads a document before anyone asks about it. What is read stays in its cache.
string document = "The wet cart stood in the river. The gate code for amber-falcon is 48213. The badge id for rapid-shrew is 0c46-d1fb. "
    + string.Concat(Enumerable.Repeat("The wind came from the school at noon. ", 40));
SessionClient notes = await client.CreateSessionAsync();
TurnResult read = await notes.AppendAsync(document);
Console.WriteLine($"read {read.PromptTokens} tokens");

// Tokens come as they are made; the last chunk says that the turn is durable.
await foreach (TokenChunk chunk in notes.SayAsync("What is the gate code for amber-falcon?"))
{
    Console.Write(chunk.Text);
    if (chunk.Result is { } turn)
    {
        Console.WriteLine($"   [{turn.AnswerTokens} tokens, {turn.CachedTokens} of {turn.HistoryTokens} from the cache]");
    }
}

// A fork asks something else; the two share the pages of what they have in common.
SessionClient aside = await notes.ForkAsync(tokens: read.TotalTokens);
Console.WriteLine((await aside.AskAsync("What is the badge id for rapid-shrew?")).Text);

// Half the memory, the same history: what attention does not use is dropped.
SessionInfo cut = await notes.CompressAsync(new CompressRequest { Keep = 0.5 });
Console.WriteLine($"{cut.Tokens} tokens in {cut.Cache.Bytes >> 10} KiB");

// The same sessions behind Microsoft.Extensions.AI: the list of messages is enough to go on.
IChatClient chat = client.AsChatClient();
List<ChatMessage> messages = [new(ChatRole.User, document + "What is the gate code for amber-falcon?")];
ChatResponse first = await chat.GetResponseAsync(messages);
messages.AddMessages(first);
messages.Add(new ChatMessage(ChatRole.User, "What is the badge id for rapid-shrew?"));
ChatResponse second = await chat.GetResponseAsync(messages);
Console.WriteLine($"{first.Text} / {second.Text}   [{second.Usage!.CachedInputTokenCount} of {second.Usage.InputTokenCount} from the cache]");

foreach (SessionClient session in (SessionClient[])[notes, aside, client.GetSession(second.ConversationId!)])
{
    await session.CloseAsync();
}

Console.WriteLine($"{await client.CountSessionsAsync()} sessions are left");
