//! Microsoft Graph as the evidence needs it: what Microsoft Entra knows of an account.
