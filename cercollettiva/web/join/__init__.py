"""What the pages of an application are made of: forms, links, mails, who applies."""
