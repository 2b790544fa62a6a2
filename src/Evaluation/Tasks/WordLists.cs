namespace KVCluster.Evaluation.Tasks;

/// <summary>Word lists, written for this project; those of the needle model's training (training/words.py).</summary>
internal static class WordLists
{
    /// <summary>A key is "adjective-noun".</summary>
    public static IReadOnlyList<string> Adjectives { get; } = Split(
        """
        amber azure bold brave brisk broad calm clever cold coral crimson curly dark dusty eager early faint fancy fierce frosty
        gentle giant golden grand green happy hasty hollow humble icy indigo ivory jolly keen kind large lazy light little
        lively lucky mellow merry mighty misty modest narrow neat noble olive pale patient plain polite proud purple quick quiet
        rapid rare red rough royal rusty salty scarlet secret sharp shiny short silent silver simple slow small smart smooth
        snowy soft solid spicy steady stormy strong sunny sweet swift tall tidy tiny tough vast violet vivid warm wide wild wise
        witty wooden yellow young
        """);

    /// <summary>See <see cref="Adjectives"/>.</summary>
    public static IReadOnlyList<string> Nouns { get; } = Split(
        """
        falcon otter badger beaver bison camel canary cheetah cobra condor cougar crane cricket dolphin donkey eagle ferret
        finch fox gecko gibbon goose hamster hawk heron hornet horse hyena iguana jackal jaguar kestrel lemur leopard lion
        lizard llama lobster lynx magpie marten mole moose moth mouse newt ocelot orca osprey ostrich owl oyster panda parrot
        pelican penguin pigeon plover puffin puma quail rabbit raccoon raven robin salmon seal shark shrew skunk sloth snail
        sparrow spider squid stork swan tapir tiger toad trout turkey turtle viper walrus wasp weasel whale wolf wombat zebra
        anchor anvil arrow barrel beacon bell bottle bridge bucket button candle canoe castle chisel clock compass cradle crown
        dagger drum engine fiddle flute garnet glider goblet hammer harbor helmet kettle ladder lantern lever locket magnet
        marble mirror needle paddle pebble piano pillar pocket prism quartz rocket saddle sail shield shovel spoon statue sword
        tablet temple ticket tower trumpet tunnel umbrella valley vessel violin wagon wheel whistle window
        """);

    /// <summary>Values that are words.</summary>
    public static IReadOnlyList<string> ValueWords { get; } = Split(
        """
        acorn almond apple apricot banana basil berry bread butter cactus caramel carrot cedar celery cherry chestnut cinnamon
        citrus clover cocoa coconut coffee cotton cream cumin daisy date fennel fern fig ginger grape hazel honey iris jasmine
        juniper kale lavender lemon lentil lilac lily lime linen lotus mango maple melon mint moss mulberry mustard nectar
        nettle nutmeg oak oats onion orange orchid oregano papaya parsley peach peanut pear pepper pine plum poppy potato
        pumpkin radish raisin rice rose saffron sage sesame silk sorrel spinach sugar sunflower syrup tea thistle thyme tomato
        truffle tulip turnip vanilla velvet walnut wheat willow wool yam yeast
        """);

    /// <summary>Who filler is about.</summary>
    public static IReadOnlyList<string> People { get; } = Split(
        """
        baker farmer teacher doctor sailor painter writer driver singer tailor gardener miller fisher hunter clerk nurse judge
        mayor student captain cook guard guide piper dancer builder plumber weaver potter smith
        """);

    /// <summary>Where it happens.</summary>
    public static IReadOnlyList<string> Places { get; } = Split(
        """
        market garden river village library station forest kitchen museum harbour school bakery meadow mountain square beach
        office theatre farm park church street field hill lake island town city hospital hotel
        """);

    /// <summary>What with.</summary>
    public static IReadOnlyList<string> Things { get; } = Split(
        """
        basket letter book table chair lamp coat hat box map rope stone picture plate cup bag key door letterbox blanket carpet
        ribbon pencil paper newspaper bicycle cart boat fence bench
        """);

    /// <summary>What was done.</summary>
    public static IReadOnlyList<string> Verbs { get; } = Split(
        """
        carried found painted moved washed sold bought opened closed repaired lost kept dropped borrowed watched followed
        remembered described noticed measured cleaned lifted pushed pulled hid showed
        """);

    /// <summary>How things are.</summary>
    public static IReadOnlyList<string> Qualities { get; } = Split(
        """
        new big heavy full clean dirty bright dull cheap dear pretty round flat thick thin dry wet costly
        """);

    /// <summary>Why.</summary>
    public static IReadOnlyList<string> Weather { get; } = Split(
        """
        rain snow wind fog sunshine thunder frost heat mist hail
        """);

    /// <summary>How people are.</summary>
    public static IReadOnlyList<string> Moods { get; } = Split(
        """
        tired cheerful worried hungry thirsty bored sleepy pleased angry nervous careful busy
        """);

    /// <summary>When.</summary>
    public static IReadOnlyList<string> Times { get; } =
    [
        "in the morning",
        "in the evening",
        "after lunch",
        "before sunset",
        "on Monday",
        "on Friday",
        "last week",
        "every day",
        "at noon",
        "during the winter",
        "in the spring",
        "at the weekend",
        "late at night",
        "once a year",
    ];

    private static string[] Split(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
