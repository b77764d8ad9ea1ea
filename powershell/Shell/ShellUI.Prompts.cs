using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RestrictedSender.Shell;

/// <summary>The questions: confirmations, values of mandatory parameters, credentials.</summary>
internal sealed partial class ShellUI
{
    /// <inheritdoc/>
    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        answers.Require();
        Introduce(caption, message);
        var labels = choices.Select(choice => new ChoiceLabel(choice.Label)).ToArray();
        var line = string.Concat(labels.Select(label => $"[{label.Key}] {label.Text}  ")) + "[?] Help"
            + (defaultChoice >= 0 ? $" (default is \"{labels[defaultChoice].Key}\")" : "") + ": ";
        while (true)
        {
            terminal.Write(line);
            var answer = ReadLine().Trim();
            if (answer.Length == 0 && defaultChoice >= 0)
                return defaultChoice;
            if (answer == "?")
                ShowHelp(labels, choices);
            var chosen = Array.FindIndex(labels, label => label.Matches(answer));
            if (chosen >= 0)
                return chosen;
        }
    }

    /// <inheritdoc/>
    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        answers.Require();
        Introduce(caption, message);
        var values = new Dictionary<string, PSObject>();
        foreach (var field in descriptions)
            values[field.Name] = PSObject.AsPSObject(Ask(field));
        return values;
    }

    /// <inheritdoc/>
    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    /// <inheritdoc/>
    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName,
        PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options)
    {
        answers.Require();
        Introduce(caption, message);
        if (string.IsNullOrEmpty(userName))
        {
            terminal.Write("User: ");
            userName = ReadLine();
        }

        terminal.Write($"Password for user {userName}: ");
        return new PSCredential(userName, ReadLineAsSecureString());
    }

    private void Introduce(string caption, string message)
    {
        WriteLine("");
        foreach (var text in new[] { caption, message }.Where(text => !string.IsNullOrEmpty(text)))
            WriteLine(text);
    }

    private void ShowHelp(ChoiceLabel[] labels, Collection<ChoiceDescription> choices)
    {
        for (var i = 0; i < labels.Length; i++)
            WriteLine($"{labels[i].Key} - {choices[i].HelpMessage}");
    }

    private object? Ask(FieldDescription field)
    {
        var type = Type.GetType(field.ParameterAssemblyFullName) ?? typeof(string);
        if (type == typeof(PSCredential))
            return PromptForCredential("", field.Name, "", "");
        if (type != typeof(string) && typeof(IList).IsAssignableFrom(type))
            return AskForList(field.Name, type);
        return AskForOne(field.Name, type);
    }

    /// <summary>Items until an empty line, as the engine's own console asks for a list.</summary>
    private object AskForList(string name, Type type)
    {
        var item = type.GetElementType() ?? typeof(object);
        var items = new ArrayList();
        while (AskForOne($"{name}[{items.Count}]", item) is { } value and not "")
            items.Add(value);
        return LanguagePrimitives.ConvertTo(items, type, CultureInfo.CurrentCulture);
    }

    private object AskForOne(string label, Type type)
    {
        while (true)
        {
            terminal.Write($"{label}: ");
            if (type == typeof(SecureString))
                return ReadLineAsSecureString();
            var text = ReadLine();
            if (text.Length == 0 || LanguagePrimitives.TryConvertTo(text, type, CultureInfo.CurrentCulture, out _))
                return text.Length == 0 ? text : LanguagePrimitives.ConvertTo(text, type, CultureInfo.CurrentCulture);
            WriteErrorLine($"'{text}' is no {type.Name}.");
        }
    }

    /// <summary>A choice's label, whose hot key follows an ampersand: "Yes to &amp;All".</summary>
    private readonly struct ChoiceLabel
    {
        public ChoiceLabel(string label)
        {
            var mark = label.IndexOf('&');
            Text = mark < 0 ? label : label.Remove(mark, 1);
            Key = mark < 0 || mark == Text.Length ? Text : Text[mark].ToString().ToUpperInvariant();
        }

        public string Text { get; }

        public string Key { get; }

        public bool Matches(string answer) =>
            answer.Equals(Key, StringComparison.CurrentCultureIgnoreCase) || answer.Equals(Text, StringComparison.CurrentCultureIgnoreCase);
    }
}
